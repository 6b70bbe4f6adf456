// What the functions share about a photo: where it lies, and why one is refused.

// The photo named by an event of the workflow: { Bucket, Name }, as Rekognition wants it.
//
// A key may arrive as an S3 notification writes it: URL-encoded, with a plus sign for a space.
export function photoOf(event) {
  return {
    Bucket: event.s3Bucket,
    Name: decodeURIComponent(event.s3Key.replace(/\+/g, ' ')),
  };
}

// An error whose name a state machine can catch. Lambda reports `name` as errorType, which Step
// Functions compares with ErrorEquals.
class NamedError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

export const photoDoesNotMeetRequirement = (message) =>
  new NamedError('PhotoDoesNotMeetRequirementError', message);

export const faceAlreadyExists = (message) => new NamedError('FaceAlreadyExistsError', message);
