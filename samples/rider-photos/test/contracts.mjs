// The six functions and the face service, without Galop: each function's handler is called here, against
// the stand-ins, with the real face model.
//
// Set by test.sh: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_REKOGNITION, PHOTOS.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as rekognition from '@aws-sdk/client-rekognition';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import sharp from 'sharp';

import { end, test } from './tap.mjs';

const COLLECTION = 'contracts';
const BUCKET = 'contracts-photos';
const THUMBNAILS = 'contracts-thumbnails';
const TABLE = 'contracts';

Object.assign(process.env, {
  REKOGNITION_COLLECTION_ID: COLLECTION,
  THUMBNAIL_BUCKET: THUMBNAILS,
  MAX_WIDTH: '300',
  MAX_HEIGHT: '200',
  RIDER_PHOTOS_DDB_TABLE: TABLE,
});

const functionNamed = async (name) => (await import(`../functions/${name}.mjs`)).handler;
const photo = (name) => readFileSync(path.join(process.env.PHOTOS, name));
const event = (s3Key, userId = 'user_a') => ({ userId, s3Bucket: BUCKET, s3Key });

const s3 = new S3Client({ forcePathStyle: true });
const dynamodb = new DynamoDBClient({});
const faces = new rekognition.RekognitionClient({});
const call = (operation, request = {}) =>
  faces.send(new rekognition[`${operation}Command`]({ CollectionId: COLLECTION, ...request }));

for (const Bucket of [BUCKET, THUMBNAILS]) {
  await s3.send(new CreateBucketCommand({ Bucket }));
}
const objects = {
  'happy.jpg': photo('1_happy_face.jpg'),
  'happy again.jpg': photo('1b_happy_face.jpg'),
  'sunglasses.jpg': photo('2_sunglass_face.jpg'),
  'two.jpg': photo('3_multiple_faces.jpg'),
  'none.jpg': photo('4_no_face.jpg'),
  'hopper.jpg': photo('5_hopper.jpg'),
  'text.jpg': Buffer.from('This is no picture.'),
  'huge.jpg': Buffer.alloc(15 * 1024 * 1024 + 1),
};
for (const [Key, Body] of Object.entries(objects)) {
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
}
await dynamodb.send(
  new CreateTableCommand({
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: 'Username', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'Username', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  }),
);

// The face service.

await test('a collection is created once, described, listed and counted', async () => {
  const { StatusCode, CollectionArn } = await call('CreateCollection');
  assert.equal(StatusCode, 200);
  assert.equal(CollectionArn, `arn:aws:rekognition:us-east-1:000000000000:collection/${COLLECTION}`);
  await assert.rejects(call('CreateCollection'), { name: 'ResourceAlreadyExistsException' });
  assert.equal((await call('DescribeCollection')).FaceCount, 0);
  assert.deepEqual((await call('ListCollections')).CollectionIds, [COLLECTION]);
});

await test('an unknown collection is ResourceNotFoundException for every operation', async () => {
  const Image = { S3Object: { Bucket: BUCKET, Name: 'happy.jpg' } };
  const requests = {
    DescribeCollection: {},
    DeleteCollection: {},
    ListFaces: {},
    DeleteFaces: { FaceIds: ['00000000-0000-0000-0000-000000000000'] },
    IndexFaces: { Image },
    SearchFacesByImage: { Image },
  };
  for (const [operation, request] of Object.entries(requests)) {
    await assert.rejects(call(operation, { ...request, CollectionId: 'nothing' }), {
      name: 'ResourceNotFoundException',
      message: 'The collection id: nothing does not exist',
    });
  }
});

await test('a picture may be sent along instead of lying in S3', async () => {
  const { FaceDetails } = await call('DetectFaces', { Image: { Bytes: photo('1_happy_face.jpg') } });
  assert.equal(FaceDetails.length, 1);
  assert.equal(FaceDetails[0].Landmarks.length, 5);
  assert.equal(FaceDetails[0].Smile, undefined, 'DEFAULT attributes have no Smile');
});

await test('searching a picture without faces is InvalidParameterException', async () => {
  const Image = { S3Object: { Bucket: BUCKET, Name: 'none.jpg' } };
  await assert.rejects(call('SearchFacesByImage', { Image }), {
    name: 'InvalidParameterException',
    message: 'There are no faces in the image. Should be at least 1.',
  });
});

await test('an operation that is not there is named', async () => {
  await assert.rejects(call('DetectLabels', { Image: { Bytes: photo('4_no_face.jpg') } }), {
    name: 'UnknownOperationException',
    message: 'The operation DetectLabels is not part of this stand-in',
  });
});

await test('the face service does not start without its model, and says why', async () => {
  const server = fileURLToPath(new URL('../services/faces/server.mjs', import.meta.url));
  const folder = path.join(process.env.PHOTOS, 'no-model-here');
  const { status, stderr } = spawnSync(
    process.execPath,
    [server, '--port', '0', '--data', folder, '--weights', folder],
    { encoding: 'utf8' },
  );
  assert.equal(status, 1);
  assert.match(stderr, /^faces: no face model, so no faces: .*tiny_face_detector_model\.bin is missing/);
});

// FaceDetection.

const detectFace = await functionNamed('face-detection');

await test('FaceDetection returns the detail of the one face, without landmarks', async () => {
  const face = await detectFace(event('happy.jpg'));
  assert.equal(face.Smile.Value, true);
  assert.equal(face.Sunglasses.Value, false);
  assert.equal(face.Emotions[0].Type, 'HAPPY');
  assert.ok(face.Confidence > 60 && face.Confidence <= 100);
  assert.ok(face.BoundingBox.Width > 0.1 && face.BoundingBox.Width < 0.5);
  assert.equal('Landmarks' in face, false);
});

const refusals = {
  'two.jpg': 'Detected 2 faces in the photo.',
  'none.jpg': 'Detected 0 faces in the photo.',
  'sunglasses.jpg': 'Face is wearing sunglasses',
  'text.jpg': 'Unsupported image file format. Only JPEG or PNG is supported',
  'huge.jpg': 'Image size is too large. Maximum image size is 15728640 bytes.',
};
for (const [key, message] of Object.entries(refusals)) {
  await test(`FaceDetection refuses ${key}: ${message}`, () =>
    assert.rejects(detectFace(event(key)), { name: 'PhotoDoesNotMeetRequirementError', message }));
}

await test('FaceDetection takes clear spectacles for no sunglasses', async () => {
  assert.equal((await detectFace(event('hopper.jpg'))).Sunglasses.Value, false);
});

await test('FaceDetection passes on the error of a missing photo', () =>
  assert.rejects(detectFace(event('missing.jpg')), {
    name: 'InvalidS3ObjectException',
    message:
      'Unable to get object metadata from S3. Check object key, region and/or access permissions.',
  }));

// FaceSearch and IndexFace.

const searchFace = await functionNamed('face-search');
const indexFace = await functionNamed('index-face');

await test('FaceSearch returns null for a face it does not know', async () => {
  assert.equal(await searchFace(event('happy.jpg')), null);
});

await test('IndexFace returns the face under the rider\'s name', async () => {
  const face = await indexFace(event('happy.jpg'));
  assert.deepEqual(Object.keys(face).sort(), [
    'BoundingBox',
    'Confidence',
    'ExternalImageId',
    'FaceId',
    'ImageId',
  ]);
  assert.equal(face.ExternalImageId, 'user_a');
  const { Faces } = await call('ListFaces');
  assert.deepEqual(
    Faces.map(({ FaceId }) => FaceId),
    [face.FaceId],
  );
});

for (const key of ['happy.jpg', 'happy+again.jpg', 'happy%20again.jpg']) {
  await test(`FaceSearch finds the person again in ${key}`, () =>
    assert.rejects(searchFace(event(key, 'user_b')), {
      name: 'FaceAlreadyExistsError',
      message: 'Face in the picture is already in the system. ',
    }));
}

await test('FaceSearch does not take another person for the first', async () => {
  assert.equal(await searchFace(event('hopper.jpg')), null);
});

await test('faces come in pages, and a deleted face is known no more', async () => {
  await indexFace(event('hopper.jpg', 'user_b'));
  const first = await call('ListFaces', { MaxResults: 1 });
  const second = await call('ListFaces', { MaxResults: 1, NextToken: first.NextToken });
  assert.deepEqual(
    [...first.Faces, ...second.Faces].map((face) => face.ExternalImageId),
    ['user_a', 'user_b'],
  );
  assert.equal(second.NextToken, undefined);

  const FaceIds = [first.Faces[0].FaceId];
  assert.deepEqual((await call('DeleteFaces', { FaceIds })).DeletedFaces, FaceIds);
  assert.equal(await searchFace(event('happy.jpg')), null);
  assert.equal((await call('DescribeCollection')).FaceCount, 1);
});

// Thumbnail, PersistMetadata, NotificationPlaceholder.

await test('Thumbnail writes a copy that fits the box, with the proportions kept', async () => {
  const makeThumbnail = await functionNamed('thumbnail');
  const { thumbnail } = await makeThumbnail(event('happy+again.jpg'));
  assert.deepEqual(thumbnail, { s3key: 'resized-happy again.jpg', s3bucket: THUMBNAILS });

  const where = { Bucket: thumbnail.s3bucket, Key: thumbnail.s3key };
  assert.equal((await s3.send(new HeadObjectCommand(where))).ContentType, 'image/jpeg');
  const { Body } = await s3.send(new GetObjectCommand(where));
  const { width, height } = await sharp(Buffer.from(await Body.transformToByteArray())).metadata();
  assert.deepEqual([width, height], [200, 200]);
});

await test('Thumbnail passes on the error of a missing photo', async () => {
  const makeThumbnail = await functionNamed('thumbnail');
  await assert.rejects(makeThumbnail(event('missing.jpg')), { name: 'NoSuchKey' });
});

await test('PersistMetadata returns {} and overwrites the rider\'s item', async () => {
  const persist = await functionNamed('persist-metadata');
  const documents = DynamoDBDocumentClient.from(dynamodb);
  const thumbnail = { s3key: 'resized-happy.jpg', s3bucket: THUMBNAILS };
  for (const FaceId of ['first', 'second']) {
    const result = await persist({ ...event('happy.jpg'), parallelResult: [{ FaceId }, { thumbnail }] });
    assert.deepEqual(result, {});
  }
  const { Item } = await documents.send(
    new GetCommand({ TableName: TABLE, Key: { Username: 'user_a' } }),
  );
  assert.deepEqual(Item, {
    Username: 'user_a',
    s3key: 'happy.jpg',
    s3bucket: BUCKET,
    faceId: 'second',
    thumbnail,
  });
});

await test('NotificationPlaceholder words the error that the workflow caught', async () => {
  const notify = await functionNamed('notification-placeholder');
  const errorInfo = { Error: 'SomeError', Cause: '{"errorMessage":"Why","errorType":"SomeError"}' };
  assert.deepEqual(await notify({ ...event('two.jpg'), errorInfo }), {
    messageToSend: { title: 'SomeError', message: 'Why' },
  });
  assert.deepEqual(await notify(event('two.jpg')), { messageToSend: { title: '', message: '' } });
  await assert.rejects(notify({ errorInfo: { Error: 'SomeError', Cause: 'not JSON' } }), {
    name: 'SyntaxError',
  });
});

await test('a deleted collection is gone', async () => {
  await call('DeleteCollection');
  assert.deepEqual((await call('ListCollections')).CollectionIds, []);
});

end();
