"""Pictures with at most 256 colours: half the size, and nobody sees the difference."""

import base64
import struct
import zlib

from playwright.sync_api import Page

REDUCE = """async (source) => {
  const image = new Image();
  image.src = "data:image/png;base64," + source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, image.width, image.height).data;
  const counts = new Map();
  const colours = new Uint32Array(data.length / 4);
  for (let at = 0; at < colours.length; at++) {
    const colour = (data[4 * at] << 16) | (data[4 * at + 1] << 8) | data[4 * at + 2];
    colours[at] = colour;
    counts.set(colour, (counts.get(colour) || 0) + 1);
  }
  function distance(one, other) {
    const red = (one >> 16) - (other >> 16);
    const green = ((one >> 8) & 255) - ((other >> 8) & 255);
    const blue = (one & 255) - (other & 255);
    return 2 * red * red + 4 * green * green + 3 * blue * blue;
  }
  // Grounds stay as they are; of the shades at the edges of letters one in a while is enough, so
  // that there is room for the colour of the smallest icon.
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const common = sorted.map(([colour]) => colour);
  const palette = common.slice(0, 64);
  for (const colour of common) {
    if (palette.length === 256) break;
    if (palette.every((other) => distance(colour, other) > 300)) palette.push(colour);
  }
  const places = new Map(palette.map((colour, place) => [colour, place]));
  function nearest(colour) {
    let best = 0, least = Infinity;
    palette.forEach((other, place) => {
      const far = distance(colour, other);
      if (far < least) { least = far; best = place; }
    });
    places.set(colour, best);
    return best;
  }
  let pixels = "";
  for (const colour of colours) {
    const place = places.get(colour);
    pixels += String.fromCharCode(place === undefined ? nearest(colour) : place);
  }
  return { width: image.width, height: image.height, palette, pixels: btoa(pixels) };
}"""


def reduced(png: bytes, blank: Page) -> bytes:
    """Return a PNG with 256 of its colours. `blank` is an empty page to work on."""
    found = blank.evaluate(REDUCE, base64.b64encode(png).decode())
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, width * height, width))
    colours = b"".join(colour.to_bytes(3, "big") for colour in found["palette"])
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", colours),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checked = kind + body
    return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))
