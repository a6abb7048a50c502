// What is dropped on the page: a photo, or pairs.

import { dialog, el, note } from './dom.js';
import { offerFolders, offerZip } from './pairs.js';
import { takePhoto } from './source.js';

/** Lets the whole page take what is dropped on it. */
export function openDrop() {
  const overlay = el('drop');
  let depth = 0; // of elements that the pointer is in
  const withFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
  document.addEventListener('dragenter', (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    depth++;
    overlay.hidden = dialog('pairs-dialog').open;
  });
  document.addEventListener('dragleave', (event) => {
    if (withFiles(event) && --depth <= 0) overlay.hidden = true;
  });
  document.addEventListener('dragover', (event) => {
    if (withFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (!withFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    depth = 0;
    overlay.hidden = true;
    take(event.dataTransfer);
  });
}

/** @param {DataTransfer} data */
async function take(data) {
  const files = [...data.files];
  const entries = [...data.items].map((i) => i.webkitGetAsEntry?.()).filter((e) => e !== null && e !== undefined);
  const folders = entries.filter((e) => e.isDirectory);
  if (folders.length > 0) return takeFolders(/** @type {FileSystemDirectoryEntry[]} */ (folders));
  const zip = files.find((f) => /\.zip$/i.test(f.name) || f.type === 'application/zip');
  if (zip) return offerZip(zip);
  if (dialog('pairs-dialog').open) return note(el('pairs-note'), 'That is neither a zip file nor a folder.');
  if (files[0]) await takePhoto(files[0]);
}

/** @param {FileSystemDirectoryEntry[]} folders */
async function takeFolders(folders) {
  if (folders.length === 1) {
    const inner = (await children(folders[0])).filter((e) => e.isDirectory);
    const ab = inner.filter((e) => /^[ab]$/i.test(e.name));
    if (ab.length === 2) folders = /** @type {FileSystemDirectoryEntry[]} */ (ab);
  }
  folders.sort((x, y) => x.name.localeCompare(y.name, 'en', { numeric: true }));
  offerFolders(await Promise.all(folders.slice(0, 2).map(async (f) => ({ name: f.name, files: await filesIn(f) }))));
}

const maxFiles = 4000; // more than the server takes

/**
 * The files in a folder and those in it.
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<File[]>}
 */
async function filesIn(folder) {
  /** @type {File[]} */
  const files = [];
  for (const e of await children(folder)) {
    if (files.length >= maxFiles) break;
    if (e.isDirectory) files.push(...(await filesIn(/** @type {FileSystemDirectoryEntry} */ (e))));
    else files.push(await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (e).file(resolve, reject)));
  }
  return files;
}

/**
 * What is in a folder. Browsers tell it in parts.
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<FileSystemEntry[]>}
 */
async function children(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    const some = await new Promise((/** @type {(e: FileSystemEntry[]) => void} */ resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
