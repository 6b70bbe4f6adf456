// Bundles what runs as one file each, into build/:
//
//   functions/NAME.zip   a Lambda function's code package, handler index.handler
//   networks.cjs         the libraries behind the face model
//
// sharp stays outside, since its native part cannot be bundled: the thumbnail function finds it
// through NODE_PATH, as it would find it in a Lambda layer.

import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { ZipFile } from 'yazl';

const FUNCTIONS = [
  'face-detection',
  'face-search',
  'index-face',
  'thumbnail',
  'persist-metadata',
  'notification-placeholder',
];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node18',
  format: 'cjs',
  minify: true,
  keepNames: true,
  logLevel: 'warning',
};

async function bundleFunction(name) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [here(`functions/${name}.mjs`)],
    external: ['sharp'],
    // ES modules of the SDK pack smaller than its CommonJS ones.
    mainFields: ['module', 'main'],
    write: false,
  });
  await writeZip(here(`build/functions/${name}.zip`), outputFiles[0].contents);
}

// One file, index.js, with a fixed date, so that unchanged sources give an identical package.
function writeZip(path, contents) {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(contents), 'index.js', { mtime: new Date(2020, 0, 1), mode: 0o100644 });
  zip.end();
  return new Promise((resolve, reject) => {
    zip.outputStream.pipe(createWriteStream(path)).on('close', resolve).on('error', reject);
  });
}

async function bundleNetworks() {
  await build({
    ...common,
    entryPoints: [here('services/faces/networks.mjs')],
    // One copy of TensorFlow.js: its CommonJS files bundle the same modules again.
    mainFields: ['module', 'main'],
    alias: { '@tensorflow/tfjs': here('services/faces/tfjs.mjs') },
    outfile: here('build/networks.cjs'),
  });
}

await rm(here('build/functions'), { recursive: true, force: true });
await mkdir(here('build/functions'), { recursive: true });
await Promise.all([...FUNCTIONS.map(bundleFunction), bundleNetworks()]);
