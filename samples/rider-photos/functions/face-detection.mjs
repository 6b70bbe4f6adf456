// FaceDetection: lets a photo pass that shows exactly one face without sunglasses.
//
//   event    { s3Bucket, s3Key }
//   returns  the FaceDetail of that face, without its landmarks
//   throws   PhotoDoesNotMeetRequirementError, which the workflow catches; any other Rekognition
//            error passes through and fails the execution

import { DetectFacesCommand, RekognitionClient } from '@aws-sdk/client-rekognition';

import { photoDoesNotMeetRequirement, photoOf } from './photo.mjs';

const rekognition = new RekognitionClient({});

async function detectFaces(photo) {
  const command = new DetectFacesCommand({ Attributes: ['ALL'], Image: { S3Object: photo } });
  try {
    const { FaceDetails } = await rekognition.send(command);
    return FaceDetails;
  } catch (error) {
    if (error.name === 'ImageTooLargeException') {
      throw photoDoesNotMeetRequirement(error.message);
    }
    if (error.name === 'InvalidImageFormatException') {
      throw photoDoesNotMeetRequirement(
        'Unsupported image file format. Only JPEG or PNG is supported',
      );
    }
    throw error;
  }
}

export async function handler(event) {
  const faces = await detectFaces(photoOf(event));
  if (faces.length !== 1) {
    throw photoDoesNotMeetRequirement(`Detected ${faces.length} faces in the photo.`);
  }
  const { Landmarks, ...face } = faces[0];
  if (face.Sunglasses?.Value) {
    throw photoDoesNotMeetRequirement('Face is wearing sunglasses');
  }
  return face;
}
