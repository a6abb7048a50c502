// Package corpus holds the pictures that models learn edits from, and makes pairs of them.
//
// Sources are procedural scenes and, where a folder is given, crops of photos. A concept's pairs are sources and what the
// built-in edits make of them; targets are made when they are first needed and kept, at 8 bits a sample: a quarter of float32, and
// what picture files hold. All choices are functions of seeds, so that a training that is killed and resumed sees the same pictures.
package corpus
