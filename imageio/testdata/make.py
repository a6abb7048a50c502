"""Writes the test data that Go's standard library cannot: CMYK and WebP pictures, and reference values
of Pillow's bicubic filter. Run in this folder; made with Pillow 9.4.0."""

import json

from PIL import Image

W, H = 24, 16


def ramp(mode, colour):
    picture = Image.new(mode, (W, H))
    picture.putdata([colour(x / (W - 1), y / (H - 1)) for y in range(H) for x in range(W)])
    return picture


rgb = ramp("RGB", lambda x, y: (round(255 * x), round(255 * y), 128))
rgb.convert("CMYK").save("cmyk.jpg", quality=95)
rgb.save("lossy.webp", quality=90)
ramp("RGBA", lambda x, y: (255, 0, 0, round(255 * x))).save("alpha.webp", lossless=True, exact=True)
rgb.rotate(90, expand=True).save("exif6.webp", lossless=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")

source = [[((7 * x + 13 * y + x * y) % 17) / 16 for x in range(9)] for y in range(7)]
picture = Image.new("F", (9, 7))
picture.putdata([v for row in source for v in row])
cases = []
for w, h in [(4, 3), (9, 2), (1, 1), (18, 14), (20, 5), (9, 11)]:
    out = list(picture.resize((w, h), Image.BICUBIC).getdata())
    cases.append({"w": w, "h": h, "pix": [round(min(max(v, 0), 1), 6) for v in out]})
json.dump({"w": 9, "h": 7, "source": [v for row in source for v in row], "cases": cases}, open("resize.json", "w"))
