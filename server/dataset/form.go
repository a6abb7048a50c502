package dataset

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"path"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/picture"
)

// Form takes in a form with files: pictures in the fields "a" and "b", which belong together by their names, or one archive in "zip".
func (in *Intake) Form(form *multipart.Reader) error {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return formError(err)
		}
		switch field := part.FormName(); field {
		case "zip":
			err = in.zip(part)
		case "a":
			err = in.part(part, input)
		case "b":
			err = in.part(part, target)
		default:
			err = fmt.Errorf("%w: there is no field %.40q: use a and b for pictures, or zip for an archive", ErrInvalid, field)
		}
		if err != nil {
			return err
		}
	}
}

// part takes in a picture that is a file of a form.
func (in *Intake) part(part *multipart.Part, h half) error {
	name := part.FileName() // without folders
	if name == "" {
		return fmt.Errorf("%w: the field %q holds no file", ErrInvalid, part.FormName())
	}
	encoded, err := io.ReadAll(io.LimitReader(part, picture.Limits.MaxBytes+1))
	if err != nil {
		return formError(err)
	}
	if !imageio.IsPicture(name) {
		return nil // as in folders: what lies beside the pictures
	}
	return in.picture(key{stem: strings.TrimSuffix(name, path.Ext(name))}, h, name, encoded)
}

// formError is an error of reading a form: the connection's as it is, or what is wrong with the form.
func formError(err error) error {
	if strings.HasPrefix(err.Error(), "multipart: NextPart: EOF") || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, multipart.ErrMessageTooLarge) {
		return fmt.Errorf("%w: the form is cut short or damaged", ErrInvalid)
	}
	return err
}
