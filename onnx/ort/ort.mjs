// Runs ONNX models for the Go side: requests come as lines of JSON on standard input, each is answered with one line.
//
//   node --input-type=module --eval SCRIPT PACKAGES onnxruntime-node|onnxruntime-web THREADS
//
//   {model}           load a model, base64            -> {}
//   {dims, data}      run it on an image, float32     -> {dims, data}
//   {repeat}          run it on the same image again  -> {seconds}, one duration each
//
// The first line, before any request, is {name, version}. What fails is answered with {error}.
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';

const [packages, name, threads] = process.argv.slice(-3);
const answer = value => process.stdout.write(JSON.stringify(value) + '\n');
const base64 = array => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

let ort, session, feeds;

async function load() {
  const require = createRequire(pathToFileURL(join(packages, 'index.js')));
  const module = await import(pathToFileURL(require.resolve(name)));
  ort = module.InferenceSession ? module : module.default;
  ort.env.logLevel = 'fatal';
  if (ort.env.wasm) ort.env.wasm.numThreads = Number(threads);
  const version = ort.env.versions[name === 'onnxruntime-web' ? 'web' : 'node'] ?? ort.env.versions.common;
  return {name, version};
}

async function serve(request) {
  if (request.model) {
    await session?.release();
    session = await ort.InferenceSession.create(Buffer.from(request.model, 'base64'), {
      executionProviders: [name === 'onnxruntime-web' ? 'wasm' : 'cpu'],
      intraOpNumThreads: Number(threads), interOpNumThreads: 1, logSeverityLevel: 4,
    });
    return {};
  }
  if (request.data) {
    const bytes = Buffer.from(request.data, 'base64');
    const data = new Float32Array(bytes.length / 4);
    new Uint8Array(data.buffer).set(bytes);
    feeds = {image: new ort.Tensor('float32', data, request.dims)};
    const {output} = await session.run(feeds);
    return {dims: output.dims, data: base64(output.data)};
  }
  const seconds = [];
  for (let i = 0; i < request.repeat; i++) {
    const begin = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - begin) / 1000);
  }
  return {seconds};
}

try {
  answer(await load());
  for await (const line of createInterface({input: process.stdin})) {
    answer(await serve(JSON.parse(line)).catch(error => ({error: String(error.message ?? error)})));
  }
} catch (error) {
  answer({error: String(error.message ?? error)});
}
process.exit(0);
