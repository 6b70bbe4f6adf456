// The bytes of a request's picture: sent along, or fetched from S3.

import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { Exception, invalidParameter } from './exception.mjs';

const MIB = 1024 * 1024;
const SENT_BYTES_MAX = 5 * MIB;
const STORED_BYTES_MAX = 15 * MIB;

// S3 is found by AWS_ENDPOINT_URL_S3. The stand-in takes any credentials, but the SDK wants some.
const s3 = new S3Client({
  region: process.env.AWS_REGION ?? 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'faces', secretAccessKey: 'faces' },
  maxAttempts: 1,
});

function checkSize(bytes, sizeMax) {
  if (bytes.length > sizeMax) {
    throw new Exception(
      'ImageTooLargeException',
      `Image size is too large. Maximum image size is ${sizeMax} bytes.`,
    );
  }
  return bytes;
}

async function fetchObject({ Bucket, Name }) {
  if (typeof Bucket !== 'string' || typeof Name !== 'string' || Bucket === '' || Name === '') {
    throw invalidParameter('Request has invalid parameters');
  }
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: Name }));
    return Buffer.from(await Body.transformToByteArray());
  } catch (error) {
    if (error.$metadata?.httpStatusCode === undefined) {
      throw new Exception('InternalServerError', `S3 cannot be reached: ${error.message}`, 500);
    }
    throw new Exception(
      'InvalidS3ObjectException',
      'Unable to get object metadata from S3. Check object key, region and/or access permissions.',
    );
  }
}

// The bytes of an Image: { Bytes: base64 } or { S3Object: { Bucket, Name } }.
export async function bytesOf(image) {
  if (typeof image?.Bytes === 'string' && image.S3Object === undefined) {
    return checkSize(Buffer.from(image.Bytes, 'base64'), SENT_BYTES_MAX);
  }
  if (image?.Bytes === undefined && image?.S3Object) {
    return checkSize(await fetchObject(image.S3Object), STORED_BYTES_MAX);
  }
  throw invalidParameter('Request has invalid parameters');
}
