// FaceSearch: refuses a photo whose face is already in the collection.
//
//   event    { s3Bucket, s3Key }
//   returns  null
//   throws   FaceAlreadyExistsError, which the workflow catches; Rekognition errors pass through

import { RekognitionClient, SearchFacesByImageCommand } from '@aws-sdk/client-rekognition';

import { faceAlreadyExists, photoOf } from './photo.mjs';

const rekognition = new RekognitionClient({});

export async function handler(event) {
  const { FaceMatches } = await rekognition.send(
    new SearchFacesByImageCommand({
      CollectionId: process.env.REKOGNITION_COLLECTION_ID,
      FaceMatchThreshold: 70,
      MaxFaces: 3,
      Image: { S3Object: photoOf(event) },
    }),
  );
  if (FaceMatches.length > 0) {
    // The trailing space is part of the original's text, which callers may compare.
    throw faceAlreadyExists('Face in the picture is already in the system. ');
  }
  return null;
}
