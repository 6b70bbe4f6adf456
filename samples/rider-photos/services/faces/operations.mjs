// The operations of Rekognition that the sample uses, request in, answer out.
//
// Left out of requests: QualityFilter, ObjectVersion and UserId are ignored.

import { randomUUID } from 'node:crypto';

import { boundingBox, faceConfidence, faceDetail } from './detail.mjs';
import { Exception, invalidParameter } from './exception.mjs';
import { bytesOf } from './photos.mjs';

const REGION = process.env.AWS_REGION ?? 'us-east-1';
const ACCOUNT = process.env.AWS_ACCOUNT_ID ?? '000000000000';
const FaceModelVersion = 'face-api 1.7.15';

const MATCH_THRESHOLD_DEFAULT = 80;
const PAGE_SIZE_MAX = 4096;
const EXTERNAL_IMAGE_ID = /^[a-zA-Z0-9_.\-:]{1,255}$/;

const arnOf = (name) => `arn:aws:rekognition:${REGION}:${ACCOUNT}:collection/${name}`;

// A whole number of a request within bounds, or `fallback` when it is absent.
function wholeNumber(value, low, high, fallback) {
  if (value === undefined || value === null) {
    return fallback;
  }
  if (!Number.isInteger(value) || value < low || value > high) {
    throw invalidParameter('Request has invalid parameters');
  }
  return value;
}

// One page of a list. A NextToken is the index at which the next page starts.
function page(items, request) {
  const size = wholeNumber(request.MaxResults, 0, PAGE_SIZE_MAX, PAGE_SIZE_MAX) || PAGE_SIZE_MAX;
  const start = request.NextToken ? Number(Buffer.from(request.NextToken, 'base64')) : 0;
  if (!Number.isInteger(start) || start < 0 || start > items.length) {
    throw new Exception('InvalidPaginationTokenException', 'Invalid pagination token');
  }
  const end = Math.min(start + size, items.length);
  return {
    items: items.slice(start, end),
    ...(end < items.length && { NextToken: Buffer.from(String(end)).toString('base64') }),
  };
}

// The operations by name, over loaded networks and opened collections.
//
//   analyse      as loadModel() returns it
//   collections  a Collections
export function operations(analyse, collections) {
  async function facesOf(request) {
    const found = await analyse(await bytesOf(request.Image));
    if (found === null) {
      throw new Exception('InvalidImageFormatException', 'Request has invalid image format');
    }
    return found;
  }

  return {
    CreateCollection({ CollectionId }) {
      collections.create(CollectionId);
      return { StatusCode: 200, CollectionArn: arnOf(CollectionId), FaceModelVersion };
    },

    DeleteCollection({ CollectionId }) {
      collections.delete(CollectionId);
      return { StatusCode: 200 };
    },

    ListCollections(request) {
      const { items, NextToken } = page(collections.names(), request);
      return {
        CollectionIds: items,
        FaceModelVersions: items.map(() => FaceModelVersion),
        NextToken,
      };
    },

    DescribeCollection({ CollectionId }) {
      const { faces, createdMs } = collections.get(CollectionId);
      return {
        FaceCount: faces.length,
        FaceModelVersion,
        CollectionARN: arnOf(CollectionId),
        CreationTimestamp: createdMs / 1000,
      };
    },

    async DetectFaces(request) {
      const { image, faces } = await facesOf(request);
      const all = request.Attributes?.includes('ALL') ?? false;
      return { FaceDetails: faces.map((face) => faceDetail(image, face, all)) };
    },

    async IndexFaces(request) {
      const { CollectionId, ExternalImageId } = request;
      collections.get(CollectionId);
      if (ExternalImageId !== undefined && !EXTERNAL_IMAGE_ID.test(ExternalImageId)) {
        throw invalidParameter('Request has invalid parameters');
      }
      const facesMax = wholeNumber(request.MaxFaces, 1, 100, 100);
      const { image, faces } = await facesOf(request);
      const all = request.DetectionAttributes?.includes('ALL') ?? false;
      const ImageId = randomUUID();

      const indexed = faces.slice(0, facesMax).map((face) => ({
        face,
        Face: {
          FaceId: randomUUID(),
          BoundingBox: boundingBox(image, face),
          ImageId,
          ...(ExternalImageId !== undefined && { ExternalImageId }),
          Confidence: faceConfidence(face),
        },
      }));
      collections.add(
        CollectionId,
        indexed.map(({ face, Face }) => ({ Face, descriptor: face.descriptor })),
      );
      return {
        FaceRecords: indexed.map(({ face, Face }) => ({
          Face,
          FaceDetail: faceDetail(image, face, all),
        })),
        UnindexedFaces: faces.slice(facesMax).map((face) => ({
          Reasons: ['EXCEEDS_MAX_FACES'],
          FaceDetail: faceDetail(image, face, all),
        })),
        FaceModelVersion,
      };
    },

    async SearchFacesByImage(request) {
      const { CollectionId, FaceMatchThreshold = MATCH_THRESHOLD_DEFAULT } = request;
      collections.get(CollectionId);
      if (!(FaceMatchThreshold >= 0 && FaceMatchThreshold <= 100)) {
        throw invalidParameter('Request has invalid parameters');
      }
      const matchesMax = wholeNumber(request.MaxFaces, 1, 4096, 80);
      const { image, faces } = await facesOf(request);
      if (faces.length === 0) {
        throw invalidParameter('There are no faces in the image. Should be at least 1.');
      }
      const largest = faces[0];
      return {
        SearchedFaceBoundingBox: boundingBox(image, largest),
        SearchedFaceConfidence: faceConfidence(largest),
        FaceMatches: collections
          .search(CollectionId, largest.descriptor, FaceMatchThreshold)
          .slice(0, matchesMax),
        FaceModelVersion,
      };
    },

    ListFaces(request) {
      const { faces } = collections.get(request.CollectionId);
      const wanted = request.FaceIds?.length
        ? faces.filter(({ Face }) => request.FaceIds.includes(Face.FaceId))
        : faces;
      const { items, NextToken } = page(wanted, request);
      return { Faces: items.map(({ Face }) => Face), NextToken, FaceModelVersion };
    },

    DeleteFaces({ CollectionId, FaceIds }) {
      if (!Array.isArray(FaceIds) || FaceIds.length === 0) {
        throw invalidParameter('Request has invalid parameters');
      }
      const DeletedFaces = collections.remove(CollectionId, FaceIds);
      return {
        DeletedFaces,
        UnsuccessfulFaceDeletions: FaceIds.filter((id) => !DeletedFaces.includes(id)).map(
          (FaceId) => ({ FaceId, Reasons: ['FACE_NOT_FOUND'] }),
        ),
      };
    },
  };
}
