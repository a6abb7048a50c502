
// A network learns from small pictures and does best on small ones. What it does to a small copy is carried over to a large picture: around each small
// pixel the change is a linear map of colours that is fitted to the two small pictures, and maps are interpolated in between. It is what
// `warmstart apply` does (package apply: the guided filter of He, Sun and Tang, with coefficients at low resolution).

const radius = 2, damping = 1e-3, mapSize = 12, sumSize = 21;

// carryOver changes full (RGBA, 8 bits) of W by H pixels as the small picture is changed; both small ones have w by h pixels, RGB in [0,1].
function carryOver(full, W, H, small, changed, w, h) {
  const maps = smooth(fit(small, changed, w, h), w, h);
  const out = new Uint8ClampedArray(full.length), row = new Float32Array(mapSize * w);
  const columns = Array.from({length: W}, (_, x) => between(x, W, w));
  for (let y = 0; y < H; y++) {
    const v = between(y, H, h);
    const a = v.at * row.length, b = a + (v.last ? 0 : row.length);
    for (let i = 0; i < row.length; i++) row[i] = maps[a + i] + v.share * (maps[b + i] - maps[a + i]);
    for (let x = 0; x < W; x++) {
      const c = columns[x], p = c.at * mapSize, q = c.last ? p : p + mapSize, at = 4 * (y * W + x);
      const red = full[at], green = full[at + 1], blue = full[at + 2];
      for (let k = 0, i = 0; k < 3; k++, i += 4) {
        const factor = j => row[p + i + j] + c.share * (row[q + i + j] - row[p + i + j]);
        out[at + k] = factor(0) * red + factor(1) * green + factor(2) * blue + 255 * factor(3);
      }
      out[at + 3] = 255;
    }
  }
  return out;
}

// between says which of a few places position i of n lies behind, and the share of the next.
function between(i, n, few) {
  const p = Math.min(Math.max((i + 0.5) * few / n - 0.5, 0), few - 1), at = Math.floor(p);
  return {at, share: p - at, last: at === few - 1};
}

// fit returns the map of the window around each pixel: for red, green and blue three factors and an offset. Where a window has hardly any variety, its
// factors are those of the whole picture, and those of a picture without any leave it as it is.
function fit(from, to, w, h) {
  const maps = new Float32Array(mapSize * w * h), columns = new Float64Array(sumSize * w), sums = new Float64Array(sumSize);
  const all = new Float64Array(mapSize);
  for (let i = 0; i < w * h; i++) addPixel(sums, 0, from, to, 3 * i);
  solve(all, 0, sums, w * h, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  for (let y = 0; y < h; y++) {
    const top = Math.max(y - radius, 0), bottom = Math.min(y + radius, h - 1);
    columns.fill(0);
    for (let r = top; r <= bottom; r++) {
      for (let x = 0; x < w; x++) addPixel(columns, sumSize * x, from, to, 3 * (r * w + x));
    }
    for (let x = 0; x < w; x++) {
      const left = Math.max(x - radius, 0), right = Math.min(x + radius, w - 1);
      sums.fill(0);
      for (let i = left; i <= right; i++) {
        for (let k = 0; k < sumSize; k++) sums[k] += columns[sumSize * i + k];
      }
      solve(maps, mapSize * (y * w + x), sums, (bottom - top + 1) * (right - left + 1), all);
    }
  }
  return maps;
}

// addPixel adds a pixel to sums of the old colour (3), the new one (3), old times old (6: rr rg rb gg gb bb) and old times new (9).
function addPixel(sums, s, from, to, at) {
  const r = from[at], g = from[at + 1], b = from[at + 2];
  sums[s] += r; sums[s + 1] += g; sums[s + 2] += b;
  sums[s + 6] += r * r; sums[s + 7] += r * g; sums[s + 8] += r * b;
  sums[s + 9] += g * g; sums[s + 10] += g * b; sums[s + 11] += b * b;
  for (let k = 0; k < 3; k++) {
    const v = to[at + k];
    sums[s + 3 + k] += v;
    sums[s + 12 + k] += r * v; sums[s + 15 + k] += g * v; sums[s + 18 + k] += b * v;
  }
}

// solve writes the map that fits the sums over n pixels best, with factors drawn to those of another map (damped least squares).
function solve(maps, m, s, n, other) {
  const r = s[0] / n, g = s[1] / n, b = s[2] / n;
  const rr = s[6] / n - r * r + damping, rg = s[7] / n - r * g, rb = s[8] / n - r * b;
  const gg = s[9] / n - g * g + damping, gb = s[10] / n - g * b, bb = s[11] / n - b * b + damping;
  const RR = gg * bb - gb * gb, RG = rb * gb - rg * bb, RB = rg * gb - rb * gg;
  const GG = rr * bb - rb * rb, GB = rb * rg - rr * gb, BB = rr * gg - rg * rg;
  const determinant = rr * RR + rg * RG + rb * RB;
  for (let k = 0; k < 3; k++) {
    const mean = s[3 + k] / n;
    const x = s[12 + k] / n - r * mean + damping * other[4 * k], y = s[15 + k] / n - g * mean + damping * other[4 * k + 1];
    const z = s[18 + k] / n - b * mean + damping * other[4 * k + 2];
    const p = (RR * x + RG * y + RB * z) / determinant, q = (RG * x + GG * y + GB * z) / determinant, t = (RB * x + GB * y + BB * z) / determinant;
    maps[m + 4 * k] = p; maps[m + 4 * k + 1] = q; maps[m + 4 * k + 2] = t;
    maps[m + 4 * k + 3] = mean - p * r - q * g - t * b;
  }
}

// smooth returns the means of maps over windows.
function smooth(maps, w, h) {
  const out = new Float32Array(maps.length), stride = mapSize * w, columns = new Float32Array(stride);
  for (let y = 0; y < h; y++) {
    const top = Math.max(y - radius, 0), bottom = Math.min(y + radius, h - 1);
    columns.fill(0);
    for (let r = top; r <= bottom; r++) {
      for (let i = 0; i < stride; i++) columns[i] += maps[r * stride + i];
    }
    for (let x = 0; x < w; x++) {
      const left = Math.max(x - radius, 0), right = Math.min(x + radius, w - 1), n = (bottom - top + 1) * (right - left + 1);
      for (let k = 0; k < mapSize; k++) {
        let sum = 0;
        for (let i = left; i <= right; i++) sum += columns[mapSize * i + k];
        out[y * stride + mapSize * x + k] = sum / n;
      }
    }
  }
  return out;
}
