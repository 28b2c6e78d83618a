// node node.mjs MODULE SAMPLE FREEDOS LINUX FREEDOS-LENGTH LINUX-LENGTH: prints what `ringzero-hosts run` prints elsewhere.
import { readFileSync } from "node:fs";

const [module, ...rest] = process.argv.slice(2);
const [files, lengths] = [rest.slice(0, 3), rest.slice(3).map(BigInt)];
const { instance } = await WebAssembly.instantiate(readFileSync(module));
const { memory, add_file, run, output, output_len } = instance.exports;

for (const file of files) {
    const bytes = readFileSync(file);
    const at = add_file(bytes.length);
    // The memory may have grown, so the view is made afterwards.
    new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
}
let ended = 0;
let trap = "";
try {
    ended = run(...lengths);
} catch (error) {
    trap = `${error}\n`;
}
const text = Buffer.from(memory.buffer, output(), output_len()).toString();
if (ended) {
    process.stdout.write(text);
} else {
    process.stderr.write(trap + text);
    process.exitCode = 1;
}
