// The reference implementation of JSONata over the expressions of expressions.json: nanoseconds of
// CPU time for each, the best of five rounds, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const jsonata = createRequire(new URL("../test/differential/", import.meta.url))("jsonata");
const best = {};
for (const { name, expression, input } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
    if (expression === undefined) continue;
    const compiled = jsonata(expression);
    for (let i = 0; i < 200; i++) await compiled.evaluate(input);
    for (let round = 0; round < 5; round++) {
        const before = process.cpuUsage(), end = Date.now() + 300;
        let count = 0;
        for (; Date.now() < end; count++) await compiled.evaluate(input);
        const { user, system } = process.cpuUsage(before);
        best[name] = Math.min(best[name] ?? Infinity, ((user + system) * 1000) / count);
    }
}
console.log(JSON.stringify(best));
