package loop

// Op is an operation on float32 values. Truth values are 1 and 0.
type Op uint8

const (
	Const Op = iota // Imm

	// One argument.
	Neg
	Abs
	Sqrt
	Rsqrt // 1 / sqrt(a)
	Exp
	Expm1 // exp(a) - 1
	Log
	Log1p // log(1 + a)
	Tanh
	Logistic // 1 / (1 + exp(-a))
	Sin
	Cos
	Erf
	Sign // -1, 0 or 1; NaN and the sign of zero are kept
	Floor
	Ceil
	Round // to nearest, ties to even
	IsFinite
	Not

	// Row instructions have one argument and combine it along the last axis; the result is the same for the whole row.
	RowSum
	RowMax
	RowMin

	// Two arguments. The maximum and minimum of NaN and anything are NaN.
	Add
	Sub
	Mul
	Div
	Maximum
	Minimum
	Pow
	Eq
	Ne
	Lt
	Le
	Gt
	Ge
	And
	Or
	Xor

	// Three arguments.
	FMA    // a*b + c, rounded once where the machine can
	Select // b where a is not zero, c elsewhere
	Clamp  // the middle argument, kept between the first and the last

	// Operations that only the compiler forms.
	opFMS      // a*b - c
	opFNMA     // c - a*b
	opCopy     // a
	opFromBool // one byte to float32
	opToBool   // float32 to one byte
	numOps
)

// args is the number of arguments of op.
func (op Op) args() int {
	switch {
	case op == Const:
		return 0
	case op < Add || op >= opCopy:
		return 1
	case op < FMA:
		return 2
	}
	return 3
}

func (op Op) isRow() bool { return op == RowSum || op == RowMax || op == RowMin }
