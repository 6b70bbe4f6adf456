// IndexFace: adds the face of a photo to the collection, under the rider's name.
//
//   event    { userId, s3Bucket, s3Key }
//   returns  { FaceId, BoundingBox, ImageId, ExternalImageId: userId, Confidence }
//   throws   Rekognition errors pass through

import { IndexFacesCommand, RekognitionClient } from '@aws-sdk/client-rekognition';

import { photoOf } from './photo.mjs';

const rekognition = new RekognitionClient({});

export async function handler(event) {
  const { FaceRecords } = await rekognition.send(
    new IndexFacesCommand({
      CollectionId: process.env.REKOGNITION_COLLECTION_ID,
      ExternalImageId: event.userId,
      DetectionAttributes: [],
      Image: { S3Object: photoOf(event) },
    }),
  );
  const { FaceId, BoundingBox, ImageId, ExternalImageId, Confidence } = FaceRecords[0].Face;
  return { FaceId, BoundingBox, ImageId, ExternalImageId, Confidence };
}
