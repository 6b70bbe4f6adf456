// Reads the answer of `aws logs filter-log-events` on standard input and prints a line per record of an
// Express execution: the type of its event, the state or resource, and why something failed.

import process from 'node:process';

const LINE_LENGTH_MAX = 500;

const chunks = [];
for await (const chunk of process.stdin) {
  chunks.push(chunk);
}
const { events } = JSON.parse(Buffer.concat(chunks).toString('utf8'));

const records = events
  .map(({ message }) => JSON.parse(message))
  .sort((a, b) => Number(a.id) - Number(b.id));

for (const { id, type, details = {} } of records) {
  const subject = details.name ?? details.resource?.replace(/^.*:function:/, '') ?? '';
  const reason = [details.error, details.cause].filter(Boolean).join(': ');
  const text = [subject, reason].filter(Boolean).join('  ');
  const line = `${id.padStart(3)}  ${type.padEnd(24)} ${text}`.trimEnd();
  console.log(line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX)}…` : line);
}
