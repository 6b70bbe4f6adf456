// A face as Rekognition describes it (FaceDetail), from what the model found.
//
// Fields that the model does not estimate well are absent instead of guessed: AgeRange, Beard,
// Eyeglasses, EyesOpen, Gender, MouthOpen, Mustache.

import { brightnessAndContrast, medianBrightness } from './image.mjs';

// Indexes into the 68 points.
const RIGHT_JAW = 0;
const LEFT_JAW = 16;
const CHIN = 8;
const NOSE_TIP = 30;
const EYES = [
  [36, 37, 38, 39, 40, 41],
  [42, 43, 44, 45, 46, 47],
];
const MOUTH_CORNERS = [48, 54];

const EMOTIONS = {
  angry: 'ANGRY',
  disgusted: 'DISGUSTED',
  fearful: 'FEAR',
  happy: 'HAPPY',
  neutral: 'CALM',
  sad: 'SAD',
  surprised: 'SURPRISED',
};

// Skin just under the eyes darker than this share of the cheeks' brightness: sunglasses.
const DARK_UNDER_EYES = 0.75;

const centreOf = (points) => ({
  x: points.reduce((sum, point) => sum + point.x, 0) / points.length,
  y: points.reduce((sum, point) => sum + point.y, 0) / points.length,
});
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
const degrees = (radians) => (radians * 180) / Math.PI;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const eyesOf = (face) => EYES.map((eye) => centreOf(eye.map((index) => face.points[index])));

// How bright the skin under the eyes is, as a share of the cheeks below it.
//
// A HEURISTIC, not a model: face-api has no notion of sunglasses. Dark lenses cover the skin just
// under the eyes and leave the cheeks bare. On the sample's photos, bare faces and clear spectacles
// give 0.95 and more, dark glasses 0.04. Deep shadow under the eyes can deceive it, light-coloured
// lenses too.
export function underEyeBrightness(image, face) {
  const [first, second] = eyesOf(face);
  const span = distance(first, second);
  const down = { x: -(second.y - first.y) / span, y: (second.x - first.x) / span };
  const below = (eye, spans) => ({ x: eye.x + down.x * span * spans, y: eye.y + down.y * span * spans });
  const median = (point) => medianBrightness(image, point, 0.3 * span, 0.12 * span);

  const shares = [first, second].map(
    (eye) => median(below(eye, 0.2)) / Math.max(1, median(below(eye, 0.62))),
  );
  return (shares[0] + shares[1]) / 2;
}

// 0 to 100: how far a measurement lies from the border between yes and no.
const confidence = (share, border) => clamp(50 + (50 * Math.abs(share - border)) / border, 50, 99.9);

function sunglasses(image, face) {
  const share = underEyeBrightness(image, face);
  return { Value: share < DARK_UNDER_EYES, Confidence: confidence(share, DARK_UNDER_EYES) };
}

function emotions(face) {
  return Object.entries(EMOTIONS)
    .map(([name, Type]) => ({ Type, Confidence: 100 * face.expressions[name] }))
    .sort((a, b) => b.Confidence - a.Confidence);
}

function smile(face) {
  const happy = face.expressions.happy;
  return { Value: happy > 0.5, Confidence: 100 * Math.max(happy, 1 - happy) };
}

// Estimates from a few points: the slope of the eyes, and where the nose lies between the jaws and
// between eyes and chin. Good to some ten degrees.
function pose(face) {
  const [first, second] = eyesOf(face);
  const eyes = centreOf([first, second]);
  const nose = face.points[NOSE_TIP];
  const toRight = distance(nose, face.points[RIGHT_JAW]);
  const toLeft = distance(nose, face.points[LEFT_JAW]);
  const drop = distance(eyes, nose) / distance(eyes, face.points[CHIN]);
  return {
    Roll: degrees(Math.atan2(second.y - first.y, second.x - first.x)),
    Yaw: degrees(Math.asin(clamp((toRight - toLeft) / (toRight + toLeft), -1, 1))),
    Pitch: clamp(degrees(0.4 - drop) * 1.5, -90, 90),
  };
}

function quality(image, face) {
  const { brightness, contrast } = brightnessAndContrast(image, face.box);
  return { Brightness: (100 * brightness) / 255, Sharpness: clamp(10 * contrast, 0, 100) };
}

function landmarks(image, face) {
  const [first, second] = eyesOf(face);
  const named = {
    eyeLeft: first,
    eyeRight: second,
    mouthLeft: face.points[MOUTH_CORNERS[0]],
    mouthRight: face.points[MOUTH_CORNERS[1]],
    nose: face.points[NOSE_TIP],
  };
  return Object.entries(named).map(([Type, { x, y }]) => ({
    Type,
    X: x / image.width,
    Y: y / image.height,
  }));
}

// Sides as shares of the picture's; Left and Top may be negative, as Rekognition's may.
export function boundingBox(image, face) {
  return {
    Width: face.box.width / image.width,
    Height: face.box.height / image.height,
    Left: face.box.x / image.width,
    Top: face.box.y / image.height,
  };
}

export const faceConfidence = (face) => 100 * face.score;

// The FaceDetail of a face; `all` adds what the attribute ALL asks for.
export function faceDetail(image, face, all) {
  return {
    BoundingBox: boundingBox(image, face),
    ...(all && {
      Smile: smile(face),
      Sunglasses: sunglasses(image, face),
      Emotions: emotions(face),
    }),
    Landmarks: landmarks(image, face),
    Pose: pose(face),
    Quality: quality(image, face),
    Confidence: faceConfidence(face),
  };
}
