// Pictures as the model takes them: upright RGB pixels, the longer side at most SIDE_MAX.

import sharp from 'sharp';

const SIDE_MAX = 640;

// Decode JPEG or PNG bytes.
//
// Returns { data, width, height }, three bytes a pixel; null when the bytes are neither format or
// cannot be decoded.
export async function decode(bytes) {
  try {
    const picture = sharp(bytes);
    const { format } = await picture.metadata();
    if (format !== 'jpeg' && format !== 'png') {
      return null;
    }
    const { data, info } = await picture
      .rotate()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize({ width: SIDE_MAX, height: SIDE_MAX, fit: 'inside', withoutEnlargement: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch {
    return null;
  }
}

// Brightness of one pixel, 0 to 255; a place outside the picture takes the nearest pixel's.
function brightnessAt(image, x, y) {
  const column = Math.min(Math.max(Math.round(x), 0), image.width - 1);
  const row = Math.min(Math.max(Math.round(y), 0), image.height - 1);
  const offset = 3 * (row * image.width + column);
  const [red, green, blue] = image.data.subarray(offset, offset + 3);
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

// Brightness of the pixels around a centre, as a flat list, `width` and `height` in pixels.
function patch(image, centre, width, height) {
  const values = [];
  for (let y = -height / 2; y <= height / 2; y += 1) {
    for (let x = -width / 2; x <= width / 2; x += 1) {
      values.push(brightnessAt(image, centre.x + x, centre.y + y));
    }
  }
  return values;
}

// Median brightness of a patch, 0 to 255.
export function medianBrightness(image, centre, width, height) {
  const values = patch(image, centre, width, height).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)];
}

// Mean brightness and mean step between neighbours, over the pixels of a box { x, y, width, height }.
export function brightnessAndContrast(image, box) {
  let [sum, steps, count] = [0, 0, 0];
  for (let y = box.y; y < box.y + box.height; y += 1) {
    for (let x = box.x; x < box.x + box.width; x += 1) {
      const here = brightnessAt(image, x, y);
      sum += here;
      steps += Math.abs(here - brightnessAt(image, x + 1, y));
      count += 1;
    }
  }
  return { brightness: sum / count, contrast: steps / count };
}
