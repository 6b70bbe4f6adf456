// The outcomes of the rider-photo workflow, run by Galop: every reason to refuse a photo, and what an
// accepted one leaves behind.
//
// Set by run.sh, after whose walkthrough this runs: ENDPOINT of Galop, through which every service is
// reached, and the names of the resources.

import assert from 'node:assert/strict';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteFacesCommand, ListFacesCommand, RekognitionClient } from '@aws-sdk/client-rekognition';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand, StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import { DeleteCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import sharp from 'sharp';

import { end, test } from './tap.mjs';

const { COLLECTION, LOG_GROUP, PHOTOS_BUCKET, STATE_MACHINE_ARN, TABLE, THUMBNAILS_BUCKET } = process.env;

const common = { endpoint: process.env.ENDPOINT };
// StartSyncExecution would be sent to sync-127.0.0.1, a host that no resolver knows.
const workflows = new SFNClient({ ...common, disableHostPrefix: true });
const logs = new CloudWatchLogsClient(common);
const rekognition = new RekognitionClient(common);
const s3 = new S3Client({ ...common, forcePathStyle: true });
const documents = DynamoDBDocumentClient.from(new DynamoDBClient(common));

const execution = (userId, s3Key) => ({
  stateMachineArn: STATE_MACHINE_ARN,
  input: JSON.stringify({ userId, s3Bucket: PHOTOS_BUCKET, s3Key }),
});

// Run the workflow on a photo. Returns the answer with its output parsed.
async function run(userId, s3Key) {
  const answer = await workflows.send(new StartSyncExecutionCommand(execution(userId, s3Key)));
  return { ...answer, output: answer.output && JSON.parse(answer.output) };
}

const knownFaces = async () =>
  (await rekognition.send(new ListFacesCommand({ CollectionId: COLLECTION }))).Faces;
const riders = async () => (await documents.send(new ScanCommand({ TableName: TABLE }))).Items;
const thumbnails = async () =>
  ((await s3.send(new ListObjectsV2Command({ Bucket: THUMBNAILS_BUCKET }))).Contents ?? []).map(
    ({ Key }) => Key,
  );

async function forgetFaces() {
  const FaceIds = (await knownFaces()).map(({ FaceId }) => FaceId);
  await rekognition.send(new DeleteFacesCommand({ CollectionId: COLLECTION, FaceIds }));
}

// Back to the state before the first photo.
async function startOver() {
  await forgetFaces();
  for (const { Username } of await riders()) {
    await documents.send(new DeleteCommand({ TableName: TABLE, Key: { Username } }));
  }
  for (const Key of await thumbnails()) {
    await s3.send(new DeleteObjectCommand({ Bucket: THUMBNAILS_BUCKET, Key }));
  }
}

async function assertRefused(userId, s3Key, title, message) {
  const before = [await knownFaces(), await riders(), await thumbnails()];
  const { status, output, error, cause } = await run(userId, s3Key);
  assert.equal(status, 'SUCCEEDED', `${error}: ${cause}`);
  assert.deepEqual(output, { messageToSend: { title, message } });
  assert.deepEqual([await knownFaces(), await riders(), await thumbnails()], before);
}

await startOver();

await test('a photo of one bare face is accepted and passes through every state', async () => {
  const { status, output, error, cause } = await run('user_a', '1_happy_face.jpg');
  assert.equal(status, 'SUCCEEDED', `${error}: ${cause}`);
  assert.equal(output.userId, 'user_a');
  assert.equal(output.detectedFaceDetails.Smile.Value, true);
  assert.equal(output.parallelResult[0].ExternalImageId, 'user_a');
  assert.deepEqual(output.parallelResult[1].thumbnail, {
    s3key: 'resized-1_happy_face.jpg',
    s3bucket: THUMBNAILS_BUCKET,
  });
});

await test('the accepted face is in the collection, once', async () => {
  const faces = await knownFaces();
  assert.equal(faces.length, 1);
  assert.equal(faces[0].ExternalImageId, 'user_a');
});

await test('the accepted rider is in the table, with the face and the thumbnail', async () => {
  const [face] = await knownFaces();
  assert.deepEqual(await riders(), [
    {
      Username: 'user_a',
      s3key: '1_happy_face.jpg',
      s3bucket: PHOTOS_BUCKET,
      faceId: face.FaceId,
      thumbnail: { s3key: 'resized-1_happy_face.jpg', s3bucket: THUMBNAILS_BUCKET },
    },
  ]);
});

await test('the thumbnail is a picture of at most 300 by 300 pixels', async () => {
  assert.deepEqual(await thumbnails(), ['resized-1_happy_face.jpg']);
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: THUMBNAILS_BUCKET, Key: 'resized-1_happy_face.jpg' }),
  );
  const { width, height } = await sharp(Buffer.from(await Body.transformToByteArray())).metadata();
  assert.deepEqual([width, height], [300, 300]);
});

const duplicate = ['FaceAlreadyExistsError', 'Face in the picture is already in the system. '];
await test('the same photo as another rider is refused as a duplicate', () =>
  assertRefused('user_b', '1_happy_face.jpg', ...duplicate));
await test('another photo of the same person is refused as a duplicate', () =>
  assertRefused('user_b', '1b_happy_face.jpg', ...duplicate));

const requirement = 'PhotoDoesNotMeetRequirementError';
await test('a face with sunglasses is refused', () =>
  assertRefused('user_c', '2_sunglass_face.jpg', requirement, 'Face is wearing sunglasses'));
await test('a photo with two faces is refused', () =>
  assertRefused('user_c', '3_multiple_faces.jpg', requirement, 'Detected 2 faces in the photo.'));
await test('a photo without a face is refused', () =>
  assertRefused('user_c', '4_no_face.jpg', requirement, 'Detected 0 faces in the photo.'));

await test('a photo that is not there fails the execution', async () => {
  const { status, error, cause } = await run('user_d', 'missing.jpg');
  assert.equal(status, 'FAILED');
  assert.equal(error, 'InvalidS3ObjectException');
  assert.match(JSON.parse(cause).errorMessage, /^Unable to get object metadata from S3\./);
});

await test('a photo of another person is accepted', async () => {
  const { status, error, cause } = await run('user_b', '5_hopper.jpg');
  assert.equal(status, 'SUCCEEDED', `${error}: ${cause}`);
  assert.equal((await knownFaces()).length, 2);
  assert.equal((await riders()).length, 2);
});

await test('after delete-faces the same photo is accepted again', async () => {
  await forgetFaces();
  const { status, error, cause } = await run('user_a', '1_happy_face.jpg');
  assert.equal(status, 'SUCCEEDED', `${error}: ${cause}`);
  assert.equal((await knownFaces()).length, 1);
});

// The log records of an execution once it has ended.
async function recordsOf(executionArn) {
  for (let tries = 0; tries < 600; tries += 1) {
    const { events } = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: LOG_GROUP,
        filterPattern: `{ $.execution_arn = "${executionArn}" }`,
      }),
    );
    const records = events.map(({ message }) => JSON.parse(message));
    if (records.some(({ type }) => type === 'ExecutionSucceeded' || type === 'ExecutionFailed')) {
      return records;
    }
    await setTimeout(100);
  }
  throw new Error(`${executionArn} has not ended after a minute`);
}

await test('an asynchronous execution tells its story in the logs', async () => {
  const { executionArn } = await workflows.send(
    new StartExecutionCommand(execution('user_e', '5b_hopper.jpg')),
  );
  const records = await recordsOf(executionArn);
  const types = records.map(({ type }) => type);
  assert.ok(types.includes('ExecutionSucceeded'), types.join());
  assert.equal(types.filter((type) => type === 'LambdaFunctionSucceeded').length, 5);
  assert.equal(types.filter((type) => type === 'TaskStateExited').length, 5);
  assert.ok(types.includes('ParallelStateSucceeded'), types.join());
});

await test('an asynchronous refusal is a success whose logs hold the Lambda error', async () => {
  const { executionArn } = await workflows.send(
    new StartExecutionCommand(execution('user_f', '4_no_face.jpg')),
  );
  const records = await recordsOf(executionArn);
  const failed = records.find(({ type }) => type === 'LambdaFunctionFailed');
  assert.equal(failed.details.error, requirement);
  assert.equal(JSON.parse(failed.details.cause).errorMessage, 'Detected 0 faces in the photo.');
  assert.ok(records.some(({ type }) => type === 'ExecutionSucceeded'));
});

end();
