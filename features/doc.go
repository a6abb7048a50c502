// Package features trains and holds a small network that tells from an edited picture what was done to it: which ingredients of package
// concept are in it. What it makes of pictures before its last two layers are features to compare sets of pictures by: FID and KID need a
// network that sees what sets of pictures differ in, and here that is edits. InceptionV3, the network of published numbers, has a hundred
// times as many weights and has learnt from photos of things.
//
// It learns from edits of seen concepts alone, and sees the edited picture, not the source.
package features
