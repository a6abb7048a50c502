package pairs_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/pairs"
)

const goodLine = `{"name":"000001","split":"train","source":"scene","edit":"sepia","seed":9007199254740991}`

func TestParseManifest(t *testing.T) {
	got, err := pairs.ParseManifest(strings.NewReader("\n" + goodLine + "\r\n\n"))
	want := []pairs.Record{{Name: "000001", Split: pairs.Train, Source: "scene", Edit: "sepia", Seed: 1<<53 - 1}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, c := range []struct{ name, text, want string }{
		{"not JSON", "name,split", "line 1:"},
		{"cut short", goodLine + "\n" + goodLine[:40], "line 2: unexpected EOF"},
		{"wrong type", `{"name":3}`, "line 1:"},
		{"unknown field", `{"name":"a","split":"train","sed":1}`, `unknown field "sed"`},
		{"negative seed", `{"name":"a","split":"train","seed":-1}`, "line 1:"},
		{"two objects", goodLine + goodLine, "more than one"},
		{"listed twice", goodLine + "\n" + goodLine, "listed on line 1 already"},
		{"no name", `{"split":"train"}`, "not a plain file name"},
		{"way out", `{"name":"../../etc/passwd","split":"train"}`, "not a plain file name"},
		{"way out by name", `{"name":"..","split":"train"}`, "not a plain file name"},
		{"folder", `{"name":"a\\b","split":"train"}`, "not a plain file name"},
		{"split", `{"name":"a","split":"dev"}`, `split "dev" is not`},
		{"endless line", `{"name":"` + strings.Repeat("a", 1<<20), "line 1: bufio.Scanner: token too long"},
	} {
		if _, err := pairs.ParseManifest(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want it to contain %q", c.name, err, c.want)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(goodLine))
	f.Add([]byte(goodLine + "\n" + strings.Replace(goodLine, "train", "test", 1)))
	f.Add([]byte(`{"name":"..","split":"train"}`))
	f.Add([]byte(`{"name":"a","split":"val","seed":1e3}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := pairs.ParseManifest(bytes.NewReader(b))
		if err != nil {
			return
		}
		// What was accepted survives being written and read again.
		var again bytes.Buffer
		for _, r := range records {
			if strings.ContainsAny(r.Name, `/\`) || r.Name == ".." {
				t.Fatalf("name %q leads out of the folder", r.Name)
			}
			if err := json.NewEncoder(&again).Encode(r); err != nil {
				t.Fatal(err)
			}
		}
		if again.Len() > 1<<16 {
			return // Escapes may have grown a line beyond the limit.
		}
		back, err := pairs.ParseManifest(&again)
		if diff := cmp.Diff(records, back); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}
