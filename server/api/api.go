// Package api says what the server's HTTP interface is made of: the values that it takes and gives as JSON, and the OpenAPI
// document that describes them (openapi.json). The server and package client share these types.
package api

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"time"
)

// Document is the OpenAPI 3.1 document, which the server has at /v1/openapi.json.
//
//go:embed openapi.json
var Document json.RawMessage

// ID is the grammar of what names effects, pairs and jobs.
var ID = regexp.MustCompile(`^[a-z2-7]{12}$`)

// ClientHeader may hold a name by which a client is told from others at its address, so that the cores are shared fairly.
const ClientHeader = "X-Warmstart-Client"

// Error is the body of every answer that is not a success.
type Error struct {
	Error Message `json:"error"`
}

// Message tells in a sentence what was wrong and what to do.
type Message struct {
	Message string `json:"message"`
}

// Kinds of weights.
const (
	KindAdapter = "adapter" // a small change of the base
	KindWeights = "weights" // all weights of a network
)

// Effect is what a sentence has become: a network, and what is known of it.
type Effect struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`              // what people see
	Prompt   string       `json:"prompt"`            // what it was made from
	Created  time.Time    `json:"created"`           //
	Kind     string       `json:"kind"`              // KindAdapter or KindWeights
	Base     string       `json:"base"`              // hash of the base that it belongs to
	Steps    int          `json:"steps"`             // of training
	Strength float64      `json:"strength"`          // 1 as made, 0 none, up to 2
	Version  int          `json:"version"`           // grows whenever what it does changes
	Unknown  []string     `json:"unknown,omitempty"` // words of the prompt that were skipped
	Edit     string       `json:"edit,omitempty"`    // the built-in edit that the prompt names, which can make pairs to tune on
	Nearest  []Suggestion `json:"nearest,omitempty"` // what is known that is most like the prompt, if it names no built-in edit
	PSNR     float64      `json:"psnr,omitempty"`    // in dB, on pairs that the training did not see
	Blend    *Blend       `json:"blend,omitempty"`   // what it was mixed from
	Preview  string       `json:"preview,omitempty"` // a picture (data URL) right after it was made, if one was asked for
}

// NewEffect asks for the effect of a prompt.
type NewEffect struct {
	Prompt string `json:"prompt"`
	Name   string `json:"name,omitempty"`   // default: the prompt
	Sample string `json:"sample,omitempty"` // a sample to show the effect on
	Side   int    `json:"side,omitempty"`   // its width and height in pixels; default 256
}

// EffectChange is what can be changed of an effect.
type EffectChange struct {
	Name     *string  `json:"name,omitempty"`
	Strength *float64 `json:"strength,omitempty"`
}

// Blend says what an effect is mixed from: (1-weight) of a and weight of b.
type Blend struct {
	A      string  `json:"a"`
	B      string  `json:"b"`
	Weight float64 `json:"weight"`
	Name   string  `json:"name,omitempty"` // of the mixture
}

// Suggestion is a prompt that is known to work, and the built-in edit it names.
type Suggestion struct {
	Prompt string `json:"prompt"`
	Edit   string `json:"edit"`
}

// Sample is a picture to try effects on.
type Sample struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Pairs are pictures and what is to become of them, to train on.
type Pairs struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Train   int       `json:"train"`             // pairs to learn from
	Test    int       `json:"test"`              // pairs kept back, to measure with
	Skipped []string  `json:"skipped,omitempty"` // why files were not used
}

// Kinds of jobs.
const (
	KindTune = "tune" // train an effect further
	KindRace = "race" // the same, with pix2pix from scratch beside it on the same clock
)

// States of a job.
const (
	Queued    = "queued"
	Running   = "running"
	Stopped   = "stopped"   // by a client, who may let it go on; the effect has what was trained
	Done      = "done"      // the effect has what was trained
	Failed    = "failed"    // the effect is as before
	Cancelled = "cancelled" // the effect is as before
)

// Over tells whether nothing more happens to a job in a state.
func Over(state string) bool { return state == Done || state == Failed || state == Cancelled }

// Settled tells whether nothing more happens unless a client wants it.
func Settled(state string) bool { return Over(state) || state == Stopped }

// NewJob asks for a training of an effect on pairs. Without a budget it takes a second for tune and ten for race.
type NewJob struct {
	Kind       string  `json:"kind"`
	Effect     string  `json:"effect"`
	Pairs      string  `json:"pairs,omitempty"`       // ID of pairs
	Edit       string  `json:"edit,omitempty"`        // instead: a built-in edit that makes them; default: the effect's
	AllWeights bool    `json:"all_weights,omitempty"` // train all weights, not the adapter alone: better, for a larger file
	GAN        bool    `json:"gan,omitempty"`         // train against a discriminator as well: more of the effect's texture, after some seconds
	Seconds    float64 `json:"seconds,omitempty"`     // budget in seconds of training
	Steps      int     `json:"steps,omitempty"`       // budget in steps (tune only)
	Until      float64 `json:"until,omitempty"`       // end once the held-back pairs have that PSNR, in dB
	Recipe     string  `json:"recipe,omitempty"`      // of the training from scratch: "published" (default) or "best"
}

// Job is a training, in the queue, at work or over.
type Job struct {
	ID       string    `json:"id"`
	Created  time.Time `json:"created"`
	NewJob             // what was asked for, with what was left out filled in
	State    string    `json:"state"`
	Position int       `json:"position,omitempty"` // in the queue, from 1
	Error    string    `json:"error,omitempty"`    // why it failed
	Train    int       `json:"train"`              // pairs to learn from; 0 until it runs
	Test     int       `json:"test"`               // pairs to measure with
	Untuned  float64   `json:"untuned,omitempty"`  // PSNR of the inputs as they are, in dB
	Example  *Example  `json:"example,omitempty"`  // the pair that the points' pictures are of
	Points   []Point   `json:"points,omitempty"`   // how it went so far; left out of lists
}

// Example is a pair that a training does not see, as data URLs.
type Example struct {
	Input  string `json:"input"`
	Target string `json:"target"`
}

// Point tells how far a job is at some moment.
type Point struct {
	Number  int     `json:"number"`            // counted from 1
	Seconds float64 `json:"seconds"`           // of training so far, of the side that had more
	Tuned   Side    `json:"tuned"`             // the effect
	Scratch *Side   `json:"scratch,omitempty"` // the training from scratch, in a race
}

// Side is one of the trainings of a job at some moment.
type Side struct {
	Step    int     `json:"step"`
	Seconds float64 `json:"seconds"`           // of training so far; compiling is not counted
	Loss    float64 `json:"loss"`              // smoothed L1, in [0,2]
	PSNR    float64 `json:"psnr"`              // in dB, on the held-back pairs
	Rate    float64 `json:"images_per_second"` // trained on since the point before
	Preview string  `json:"preview,omitempty"` // what becomes of the example (data URL); kept for the newest points only
}

// Event is a line of a job's progress: in a stream of server-sent events its data, with its type as the event.
type Event struct {
	Type  string `json:"type"` // "state" or "point"
	Job   *Job   `json:"job,omitempty"`
	Point *Point `json:"point,omitempty"`
}

// Session asks for the cookie that stands for a token.
type Session struct {
	Token string `json:"token"`
}

// Status tells what the server is and how busy it is.
type Status struct {
	Version string `json:"version"`
	Ready   bool   `json:"ready"`   // whether everything is loaded; requests that come before wait
	Base    string `json:"base"`    // hash of the base
	Size    int    `json:"size"`    // width and height in pixels of the pictures that are trained on
	Weights int    `json:"weights"` // number of weights of the network
	Values  int    `json:"values"`  // and of an adapter
	Threads int    `json:"threads"` //
	ORT     bool   `json:"ort"`     // whether onnxruntime-web is served at /ort/
	Effects int    `json:"effects"`
	Running int    `json:"running"` // jobs
	Queued  int    `json:"queued"`  // jobs
	Limits  Limits `json:"limits"`
}

// Limits are what requests are held to.
type Limits struct {
	Prompt        int   `json:"prompt"`         // bytes
	PictureBytes  int64 `json:"picture_bytes"`  //
	PicturePixels int64 `json:"picture_pixels"` //
	Side          int   `json:"side"`           // pixels of what apply makes
	PairsBytes    int64 `json:"pairs_bytes"`    // of an upload
	Pairs         int   `json:"pairs"`          // of a set
	Effects       int   `json:"effects"`
	QueuedJobs    int   `json:"queued_jobs"`
}

// Lists, as objects so that they can grow.
type (
	Effects struct {
		Effects []Effect `json:"effects"`
	}
	Samples struct {
		Samples []Sample `json:"samples"`
	}
	Suggestions struct {
		Suggestions []Suggestion `json:"suggestions"`
	}
	PairsList struct {
		Pairs []Pairs `json:"pairs"`
	}
	Jobs struct {
		Jobs []Job `json:"jobs"`
	}
)
