// The face model: four networks of @vladmandic/face-api on TensorFlow.js's WebAssembly back end.
//
//   tiny_face_detector     where the faces are
//   face_landmark_68       68 points on each
//   face_expression        how it looks
//   face_recognition       128 numbers; two photos of one person lie close together

import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { decode } from './image.mjs';

const require = createRequire(import.meta.url);

const BUNDLE = new URL('../../build/networks.cjs', import.meta.url).pathname;
const NETWORKS = [
  ['tinyFaceDetector', 'tiny_face_detector'],
  ['faceLandmark68Net', 'face_landmark_68'],
  ['faceExpressionNet', 'face_expression'],
  ['faceRecognitionNet', 'face_recognition'],
];

// A score under which the detector's finding is not taken for a face.
const SCORE_MIN = 0.6;

// A file of the model or of the libraries around it is not there.
export class ModelMissing extends Error {}

function folderOf(file) {
  try {
    return path.dirname(require.resolve(file));
  } catch {
    throw new ModelMissing(`the package with ${file} is not installed`);
  }
}

function checkFiles(weights) {
  if (!existsSync(BUNDLE)) {
    throw new ModelMissing(`${BUNDLE} has not been built`);
  }
  for (const [, name] of NETWORKS) {
    for (const file of [`${name}_model.bin`, `${name}_model-weights_manifest.json`]) {
      if (!existsSync(path.join(weights, file))) {
        throw new ModelMissing(`${path.join(weights, file)} is missing`);
      }
    }
  }
}

// Load the networks.
//
//   weights  the folder with their files; the npm package's own by default
//
// Returns analyse(bytes), below. Throws ModelMissing; never falls back to anything less.
export async function loadModel(weights = undefined) {
  weights ??= path.join(folderOf('@vladmandic/face-api/package.json'), 'model');
  checkFiles(weights);
  const wasm = folderOf('@tensorflow/tfjs-backend-wasm/package.json');

  const { faceapi, tf, setWasmPaths } = require(BUNDLE);
  setWasmPaths(`${wasm}/dist/`);
  await tf.setBackend('wasm');
  await tf.ready();
  for (const [network] of NETWORKS) {
    await faceapi.nets[network].loadFromDisk(weights);
  }
  const options = new faceapi.TinyFaceDetectorOptions({
    inputSize: 416,
    scoreThreshold: SCORE_MIN,
  });

  // Find and describe the faces of a JPEG or PNG picture.
  //
  // Returns null when the bytes are no such picture, else { image, faces }, largest face first; a
  // face is { box, score, points, expressions, descriptor }, in pixels of `image`.
  return async function analyse(bytes) {
    const image = await decode(bytes);
    if (image === null) {
      return null;
    }
    const tensor = tf.tensor3d(image.data, [image.height, image.width, 3], 'int32');
    try {
      const found = await faceapi
        .detectAllFaces(tensor, options)
        .withFaceLandmarks()
        .withFaceExpressions()
        .withFaceDescriptors();
      return { image, faces: found.map(plainFace).sort((a, b) => area(b) - area(a)) };
    } finally {
      tensor.dispose();
    }
  };
}

const area = (face) => face.box.width * face.box.height;

// face-api's objects as plain numbers.
function plainFace({ detection, landmarks, expressions, descriptor }) {
  const { x, y, width, height } = detection.box;
  return {
    box: { x, y, width, height },
    score: detection.score,
    points: landmarks.positions.map((point) => ({ x: point.x, y: point.y })),
    expressions: Object.fromEntries(Object.entries(expressions)),
    descriptor: Array.from(descriptor),
  };
}

// How alike two descriptors are, 0 to 100.
//
// Photos of one person are usually less than 0.5 apart, of two people more. The scale puts that
// distance at 70, the threshold the sample searches with.
export function similarity(a, b) {
  const distance = Math.sqrt(a.reduce((sum, value, index) => sum + (value - b[index]) ** 2, 0));
  return Math.max(0, 100 * (1 - 0.6 * distance));
}
