// Makes the sample's photos from two public-domain portraits and a still life.
//
//     node pictures/make.mjs SOURCES TARGET
//
//   SOURCES  a folder with astronaut.png and coffee.png (from Debian's python3-skimage) and
//            grace_hopper_512x512.jpg (from Debian's facedetect)
//   TARGET   the folder to fill

import path from 'node:path';
import process from 'node:process';

import sharp from 'sharp';

const [sources, target] = process.argv.slice(2);

const ASTRONAUT = 'astronaut.png';
const ADMIRAL = 'grace_hopper_512x512.jpg';
const COFFEE = 'coffee.png';

const source = (name) => sharp(path.join(sources, name));
const save = (picture, name, quality = 90) =>
  picture.flatten({ background: '#ffffff' }).jpeg({ quality }).toFile(path.join(target, name));

// Another photo of the same person, as far as one picture can give it: mirrored, tilted, cropped,
// brighter, and compressed harder.
async function variant(name, crop) {
  const tilted = await source(name).flop().rotate(6, { background: '#888888' }).png().toBuffer();
  return sharp(tilted).extract(crop).modulate({ brightness: 1.15 });
}

// The astronaut's eyes are at (204, 102) and (247, 104) of 512 x 512.
const SUNGLASSES = `
  <svg width="512" height="512">
    <path d="M 172 97 L 280 102" stroke="#080808" stroke-width="4"/>
    <ellipse cx="203" cy="104" rx="18" ry="14" fill="#080808" transform="rotate(3 203 104)"/>
    <ellipse cx="247" cy="106" rx="18" ry="14" fill="#080808" transform="rotate(3 247 106)"/>
  </svg>`;

// The astronaut and the admiral side by side.
async function together() {
  const left = await source(ASTRONAUT).extract({ left: 90, top: 0, width: 260, height: 300 });
  const right = await source(ADMIRAL).resize({ width: 300, height: 300 });
  return sharp({ create: { width: 560, height: 300, channels: 3, background: '#777777' } }).composite([
    { input: await left.png().toBuffer(), left: 0, top: 0 },
    { input: await right.png().toBuffer(), left: 260, top: 0 },
  ]);
}

await save(source(ASTRONAUT), '1_happy_face.jpg');
await save(
  await variant(ASTRONAUT, { left: 150, top: 50, width: 330, height: 330 }),
  '1b_happy_face.jpg',
  70,
);
await save(source(ASTRONAUT).composite([{ input: Buffer.from(SUNGLASSES) }]), '2_sunglass_face.jpg');
await save(await together(), '3_multiple_faces.jpg');
await save(source(COFFEE), '4_no_face.jpg');
await save(source(ADMIRAL), '5_hopper.jpg');
await save(await variant(ADMIRAL, { left: 50, top: 50, width: 460, height: 460 }), '5b_hopper.jpg', 70);
