// The libraries behind the face model, bundled by build.mjs into build/networks.cjs.
//
// @vladmandic/face-api asks for the whole of @tensorflow/tfjs, which brings training, data sets and
// browser back ends along (141 MB). build.mjs answers with tfjs.mjs, the part that inference needs.

export * as faceapi from '@vladmandic/face-api/dist/face-api.node-wasm.js';
export * as tf from '@tensorflow/tfjs';
export { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
