// Thumbnail: writes a small copy of the photo to another bucket.
//
//   event    { s3Bucket, s3Key }
//   returns  { thumbnail: { s3key, s3bucket } }
//   throws   S3 and picture-decoding errors pass through

import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';

import { photoOf } from './photo.mjs';

// Stand-ins for S3 have no host name for each bucket, and need no checksum of the body.
const s3 = new S3Client({ forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' });

const sideMax = (value) => Number(value) || 250;

// A copy that fits the box, upright, with the proportions kept; never larger than the original.
async function shrink(bytes) {
  const { data, info } = await sharp(bytes)
    .rotate()
    .resize({
      width: sideMax(process.env.MAX_WIDTH),
      height: sideMax(process.env.MAX_HEIGHT),
      fit: 'inside',
      withoutEnlargement: true,
    })
    .toBuffer({ resolveWithObject: true });
  return { bytes: data, contentType: `image/${info.format}` };
}

export async function handler(event) {
  const { Bucket, Name } = photoOf(event);
  const original = await s3.send(new GetObjectCommand({ Bucket, Key: Name }));
  const copy = await shrink(Buffer.from(await original.Body.transformToByteArray()));

  const thumbnail = { s3key: `resized-${Name}`, s3bucket: process.env.THUMBNAIL_BUCKET };
  await s3.send(
    new PutObjectCommand({
      Bucket: thumbnail.s3bucket,
      Key: thumbnail.s3key,
      Body: copy.bytes,
      ContentType: copy.contentType,
    }),
  );
  return { thumbnail };
}
