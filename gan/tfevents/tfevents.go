// Package tfevents writes scalars and pictures for TensorBoard: files of length-prefixed records, each of
// which is a protocol buffer of type Event
// (github.com/tensorflow/tensorboard, tensorboard/compat/proto/{event,summary}.proto).
package tfevents

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Writer appends events to one file. Its first error is returned by every later call.
type Writer struct {
	w   io.Writer
	now func() time.Time
	err error
}

// Create makes a new event file in dir, under a name that TensorBoard looks for. Close the returned file when
// done.
func Create(dir string) (*Writer, *os.File, error) {
	for i := 0; ; i++ {
		name := fmt.Sprintf("events.out.tfevents.%010d.warmstart.%d.%d", time.Now().Unix(), os.Getpid(), i)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("create event file: %w", err)
		}
		w := New(f, time.Now)
		return w, f, w.err
	}
}

// New starts an event stream on w. Events carry the time that now tells.
func New(w io.Writer, now func() time.Time) *Writer {
	e := &Writer{w: w, now: now}
	version := protowire.AppendTag(nil, fieldFileVersion, protowire.BytesType)
	e.event(protowire.AppendString(version, "brain.Event:2"))
	return e
}

// Field numbers of Event, Summary, Summary.Value and Summary.Image.
const (
	fieldWallTime    = 1
	fieldStep        = 2
	fieldFileVersion = 3
	fieldSummary     = 5

	fieldValue = 1

	fieldTag         = 1
	fieldSimpleValue = 2
	fieldImage       = 4

	fieldHeight     = 1
	fieldWidth      = 2
	fieldColorspace = 3
	fieldEncoded    = 4
)

// Scalar records a number.
func (e *Writer) Scalar(tag string, step int, value float32) error {
	v := protowire.AppendTag(nil, fieldSimpleValue, protowire.Fixed32Type)
	return e.summary(tag, step, protowire.AppendFixed32(v, math.Float32bits(value)))
}

// Image records an RGB picture of w by h pixels, encoded as PNG.
func (e *Writer) Image(tag string, step, w, h int, png []byte) error {
	m := appendInt(nil, fieldHeight, h)
	m = appendInt(m, fieldWidth, w)
	m = appendInt(m, fieldColorspace, 3)
	m = appendBytes(m, fieldEncoded, png)
	return e.summary(tag, step, appendBytes(nil, fieldImage, m))
}

// summary records one value of a summary.
func (e *Writer) summary(tag string, step int, value []byte) error {
	v := append(appendBytes(nil, fieldTag, []byte(tag)), value...)
	e.event(append(appendInt(nil, fieldStep, step), appendBytes(nil, fieldSummary, appendBytes(nil, fieldValue, v))...))
	return e.err
}

func appendInt(b []byte, field protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// event writes one record: length, masked checksum of the length, data, masked checksum of the data.
func (e *Writer) event(content []byte) {
	if e.err != nil {
		return
	}
	seconds := float64(e.now().UnixNano()) / 1e9
	data := protowire.AppendTag(nil, fieldWallTime, protowire.Fixed64Type)
	data = append(protowire.AppendFixed64(data, math.Float64bits(seconds)), content...)
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	record = binary.LittleEndian.AppendUint32(record, maskedCRC(record))
	record = binary.LittleEndian.AppendUint32(append(record, data...), maskedCRC(data))
	if _, err := e.w.Write(record); err != nil {
		e.err = fmt.Errorf("write event: %w", err)
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of TensorFlow's record files, which must not be a plain CRC of data that holds CRCs.
func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
