// The smallest test harness that speaks TAP, so that tools/run-tests can count what passed.

let failures = 0;

// Run one test; its name is a sentence. A failure is told and the rest goes on.
export async function test(name, body) {
  try {
    await body();
    console.log(`ok - ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`not ok - ${name}`);
    console.log(String(error.stack ?? error).replace(/^/gm, '# '));
  }
}

// End the process: status 0 when all passed.
export function end() {
  process.exit(failures === 0 ? 0 : 1);
}
