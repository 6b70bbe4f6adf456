// Collections of faces, kept in memory and written to one JSON file after every change.
//
// Invariants:
//   1. A change is on disk before it is answered.
//   2. The file is always whole: it is replaced, never rewritten in place.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { Exception, invalidParameter } from './exception.mjs';
import { similarity } from './model.mjs';

const NAME = /^[a-zA-Z0-9_.-]{1,255}$/;

export class Collections {
  #file;
  #byName; // { name: { createdMs, faces: [{ Face, descriptor }] } }

  // Open the file, or start without collections when there is none.
  constructor(file) {
    this.#file = file;
    mkdirSync(path.dirname(file), { recursive: true });
    this.#byName = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  }

  #save() {
    const next = `${this.#file}.next`;
    writeFileSync(next, JSON.stringify(this.#byName));
    renameSync(next, this.#file);
  }

  create(name) {
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw invalidParameter('Request has invalid parameters');
    }
    if (Object.hasOwn(this.#byName, name)) {
      throw new Exception(
        'ResourceAlreadyExistsException',
        `The collection id: ${name} already exists`,
      );
    }
    this.#byName[name] = { createdMs: Date.now(), faces: [] };
    this.#save();
  }

  // The collection of that name: { createdMs, faces }.
  get(name) {
    if (typeof name !== 'string' || !Object.hasOwn(this.#byName, name)) {
      throw new Exception(
        'ResourceNotFoundException',
        `The collection id: ${name} does not exist`,
      );
    }
    return this.#byName[name];
  }

  delete(name) {
    this.get(name);
    delete this.#byName[name];
    this.#save();
  }

  names() {
    return Object.keys(this.#byName).sort();
  }

  // Add faces: [{ Face, descriptor }].
  add(name, faces) {
    this.get(name).faces.push(...faces);
    this.#save();
  }

  // Remove the faces with these ids. Returns the ids that were there.
  remove(name, ids) {
    const collection = this.get(name);
    const present = ids.filter((id) => collection.faces.some(({ Face }) => Face.FaceId === id));
    collection.faces = collection.faces.filter(({ Face }) => !present.includes(Face.FaceId));
    this.#save();
    return present;
  }

  // Faces at least `threshold` (0 to 100) alike a descriptor: [{ Similarity, Face }], best first.
  search(name, descriptor, threshold) {
    return this.get(name)
      .faces.map((known) => ({
        Similarity: similarity(known.descriptor, descriptor),
        Face: known.Face,
      }))
      .filter(({ Similarity }) => Similarity >= threshold)
      .sort((a, b) => b.Similarity - a.Similarity);
  }
}
