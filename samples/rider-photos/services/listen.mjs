// What the stand-ins share: the way they start, say that they are ready, and stop.

import process from 'node:process';

// The value of a command-line option written `--name value`, or `fallback`.
export function option(name, fallback) {
  const index = process.argv.indexOf(`--${name}`);
  return index > 0 && process.argv[index + 1] !== undefined ? process.argv[index + 1] : fallback;
}

// End the process with one sentence on standard error.
export function refuse(name, sentence) {
  process.stderr.write(`${name}: ${sentence}\n`);
  process.exit(1);
}

// Listen on loopback until told to stop. "NAME ready on URL" is what run.sh waits for.
//
//   server  an http.Server
//   port    0 picks a free one
export function listen(name, server, port) {
  server.on('error', (error) =>
    refuse(
      name,
      error.code === 'EADDRINUSE'
        ? `port ${port} of 127.0.0.1 is already in use`
        : `cannot listen on 127.0.0.1:${port}: ${error.message}`,
    ),
  );
  server.listen(Number(port), '127.0.0.1', () =>
    process.stdout.write(`${name} ready on http://127.0.0.1:${server.address().port}\n`),
  );
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      server.close(() => process.exit(0));
      server.closeAllConnections();
      setTimeout(() => process.exit(0), 1000).unref();
    });
  }
}
