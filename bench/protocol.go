// Package bench measures this project side by side with a peer, PyTorch, in one run. Both sides are worker
// processes that understand the same requests: this binary (Serve) and bench/peers/torch_peer.py.
package bench

// A Request is one line of JSON on a worker's standard input; the worker answers each with one Response line.
//
//	hello   who are you
//	time    call Op again and again for about Seconds, and return the median duration of a call
//	load    build the model and training state of the checkpoint File (of package gan; its metadata say which model)
//	train   one training step on each batch of File, in order, and return the losses of every step, and the time of all of them. File is
//	        safetensors with x and y, [steps*batch, size, size, 3] in [-1,1]; with Order, batches are made of its rows
//	steps   N training steps on the last batch, and return the duration of each
//	apply   run the generator on x [n, size, size, 3] of File, and write y to Out (both safetensors)
//	memory  the process's peak resident memory
//
// A worker with an error answers {"error": "..."} and goes on.
type Request struct {
	Cmd     string  `json:"cmd"`
	Op      *Op     `json:"op,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	File    string  `json:"file,omitempty"`
	Out     string  `json:"out,omitempty"`
	N       int     `json:"n,omitempty"`
	Order   []int   `json:"order,omitempty"`
}

// Response answers a Request.
type Response struct {
	Error string `json:"error,omitempty"`
	// Name and Version answer hello, Detail says more, for example the vector instructions in use.
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	Detail  string `json:"detail,omitempty"`
	// Median is the median duration of a call in seconds.
	Median float64 `json:"median,omitempty"`
	// Losses of each step: the generator's adversarial loss, L1, the discriminator's on real and on generated pairs.
	Losses [][4]float64 `json:"losses,omitempty"`
	// Seconds that all steps took.
	Seconds float64 `json:"seconds,omitempty"`
	// Durations of steps, in seconds.
	Durations []float64 `json:"durations,omitempty"`
	// PeakBytes of resident memory.
	PeakBytes int64 `json:"peak_bytes,omitempty"`
	// StepBytes is what a warmed-up step allocates on the heap (this side only).
	StepBytes int64 `json:"step_bytes,omitempty"`
}

// Op is a single operation. Kinds and the sizes they use:
//
//	gemm                M, N, K, TransA, TransB: one product of float32 matrices
//	conv                Batch, Height, Width, In, Out, Kernel, Stride, Pad: forward, input gradient and weight gradient of
//	                    a convolution without bias; Height 1 means one-dimensional
//	adam                Size: one Adam step (lr 2e-4, betas 0.5 and 0.999) on Size weights in 64 tensors
//	instance_norm_relu  Batch, Height, Width, In: affine instance norm and ReLU, forward and backward
//	softmax             M rows of N
type Op struct {
	Kind   string `json:"kind"`
	M      int    `json:"m,omitempty"`
	N      int    `json:"n,omitempty"`
	K      int    `json:"k,omitempty"`
	TransA bool   `json:"trans_a,omitempty"`
	TransB bool   `json:"trans_b,omitempty"`
	Batch  int    `json:"batch,omitempty"`
	Height int    `json:"height,omitempty"`
	Width  int    `json:"width,omitempty"`
	In     int    `json:"in,omitempty"`
	Out    int    `json:"out,omitempty"`
	Kernel int    `json:"kernel,omitempty"`
	Stride int    `json:"stride,omitempty"`
	Pad    int    `json:"pad,omitempty"`
	Size   int    `json:"size,omitempty"`
}
