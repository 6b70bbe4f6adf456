// A Rekognition exception, which the server turns into an answer with status 400 or 500.

export class Exception extends Error {
  constructor(name, message, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export const invalidParameter = (message) => new Exception('InvalidParameterException', message);
