// Rekognition for the sample: AWS JSON 1.1 over HTTP, in front of the face model.
//
//     node services/faces/server.mjs --port 8086 --data FOLDER [--weights FOLDER]
//
// S3 is found by the variable AWS_ENDPOINT_URL_S3. Signatures are not checked: the service listens on
// loopback only.

import http from 'node:http';
import { randomUUID } from 'node:crypto';
import path from 'node:path';

import { listen, option, refuse } from '../listen.mjs';
import { Collections } from './collections.mjs';
import { Exception } from './exception.mjs';
import { loadModel, ModelMissing } from './model.mjs';
import { operations } from './operations.mjs';

const TARGET = /^RekognitionService\.([A-Za-z]+)$/;
const BODY_BYTES_MAX = 8 * 1024 * 1024; // five mebibytes of picture in base64, and some

async function bodyOf(request) {
  const chunks = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_BYTES_MAX) {
      throw new Exception('ImageTooLargeException', 'Image size is too large.');
    }
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
    if (body !== null && typeof body === 'object' && !Array.isArray(body)) {
      return body;
    }
  } catch {
    // Not JSON: refused below, with the JSON that is not an object.
  }
  throw new Exception('SerializationException', 'The request is not a JSON object');
}

function operationOf(request, available) {
  const name = TARGET.exec(request.headers['x-amz-target'] ?? '')?.[1];
  if (request.method !== 'POST' || name === undefined || !Object.hasOwn(available, name)) {
    throw new Exception(
      'UnknownOperationException',
      name === undefined
        ? 'The request names no operation of Rekognition'
        : `The operation ${name} is not part of this stand-in`,
    );
  }
  return available[name];
}

// Six decimals are plenty, and spare the reader a page of digits.
const rounded = (key, value) => (typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value);

function answer(response, requestId, status, body) {
  const text = JSON.stringify(body, rounded);
  response.writeHead(status, {
    'Content-Type': 'application/x-amz-json-1.1',
    'Content-Length': Buffer.byteLength(text),
    'x-amzn-RequestId': requestId,
  });
  response.end(text);
}

async function respond(request, response, available) {
  const requestId = randomUUID();
  try {
    const operation = operationOf(request, available);
    answer(response, requestId, 200, await operation(await bodyOf(request)));
  } catch (error) {
    if (!(error instanceof Exception)) {
      process.stderr.write(`faces: ${error.stack}\n`);
      error = new Exception('InternalServerError', 'Internal server error', 500);
    }
    const { name, message, status } = error;
    answer(response, requestId, status, {
      __type: name,
      Code: name,
      Message: message,
      Logref: requestId,
    });
  }
}

const data = option('data') ?? refuse('faces', 'the option --data FOLDER is missing');
let analyse;
try {
  analyse = await loadModel(option('weights'));
} catch (error) {
  refuse(
    'faces',
    error instanceof ModelMissing
      ? `no face model, so no faces: ${error.message}. samples/rider-photos/setup.sh installs it.`
      : error.stack,
  );
}
const available = operations(analyse, new Collections(path.join(data, 'collections.json')));

listen(
  'faces',
  http.createServer((request, response) => respond(request, response, available)),
  option('port', 8086),
);
