// PersistMetadata: records whose photo was accepted; a rider's earlier item is overwritten.
//
//   event    { userId, s3Bucket, s3Key, parallelResult: [{ FaceId }, { thumbnail }] }
//   returns  {}, the result of the put
//   throws   DynamoDB errors pass through

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export async function handler(event) {
  const [face, { thumbnail }] = event.parallelResult;
  await documents.send(
    new PutCommand({
      TableName: process.env.RIDER_PHOTOS_DDB_TABLE,
      Item: {
        Username: event.userId,
        s3key: event.s3Key,
        s3bucket: event.s3Bucket,
        faceId: face.FaceId,
        thumbnail,
      },
    }),
  );
  return {};
}
