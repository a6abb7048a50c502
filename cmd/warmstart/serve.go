package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/server"
)

type serveCmd struct {
	Listen string   `default:"${listen}" placeholder:"ADDRESS" help:"Address and port. Others than loopback addresses need --token. Default: ${listen}."`
	Token  string   `env:"WARMSTART_TOKEN" placeholder:"SECRET" help:"What clients have to know, 16 characters or more."`
	Host   []string `placeholder:"NAME" help:"Name under which the server may be asked, besides its addresses and localhost: for a proxy."`
	Data   string   `placeholder:"DIR" help:"Folder for effects, pairs and trainings. Default: warmstart in the user's configuration folder."`
	ORT    string   `name:"ort" placeholder:"DIR" help:"Folder with the files of onnxruntime-web, for running effects in the browser."`
	modelsFlag
}

// defaultListen is where a server is if nothing else is said.
const defaultListen = "127.0.0.1:7788"

// serveVars are the defaults that the flags quote.
func serveVars() kong.Vars { return kong.Vars{"listen": defaultListen} }

// minToken is the length of the shortest token, in bytes.
const minToken = 16

// serveResult tells where the server is.
type serveResult struct {
	URL  string `json:"url"`
	Data string `json:"data"`
}

// Run serves until it is interrupted.
func (c serveCmd) Run(ctx context.Context, u *ui) error {
	if err := c.check(); err != nil {
		return err
	}
	data, err := c.dataDir()
	if err != nil {
		return err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return hinted{fmt.Errorf("--listen %s: %w", c.Listen, err), "--listen 127.0.0.1:0 takes a free port"}
	}
	defer l.Close() // closes it twice at times, which is no matter
	models, err := warmstart.Load(c.Models)
	if err != nil {
		return c.hint(err)
	}
	disc, err := c.discriminator(u, models.Base.Generator.Config)
	if err != nil {
		return err
	}
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	s, err := server.New(server.Options{
		Models: models, Discriminator: disc, Backend: backend, Data: data, Token: c.Token, Hosts: c.hosts(), ORT: c.ORT, Version: readVersion().Version,
		Log: slog.New(slog.NewTextHandler(u.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return hinted{err, "--data names the folder, --ort that of onnxruntime-web"}
	}
	defer s.Close()
	r := serveResult{URL: "http://" + l.Addr().String(), Data: data}
	if err := u.result(r, func(w io.Writer) { fmt.Fprintf(w, "%s serves %s\n", r.URL, r.Data) }); err != nil {
		return err
	}
	return s.Serve(ctx, l)
}

// check refuses to serve the network without a secret.
func (c serveCmd) check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w: write for example 127.0.0.1:7788", c.Listen, err)
	}
	ip := net.ParseIP(host)
	loopback := host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case c.Token == "" && !loopback:
		return fmt.Errorf("--listen %s lets other machines in: give a --token that they have to know", c.Listen)
	case c.Token != "" && len(c.Token) < minToken:
		return fmt.Errorf("--token has %d characters: give at least %d", len(c.Token), minToken)
	}
	return nil
}

// dataDir is the folder for what the server keeps.
func (c serveCmd) dataDir() (string, error) {
	if c.Data != "" {
		return c.Data, checkData(c.Data)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", hinted{err, "--data names a folder"}
	}
	dir = filepath.Join(dir, "warmstart")
	return dir, checkData(dir)
}

// checkData refuses a folder that holds something and is no server's. Hidden files do not count.
func checkData(dir string) error {
	items, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	foreign := ""
	for _, item := range items {
		switch name := item.Name(); {
		case name == server.EffectsFolder && item.IsDir():
			return nil
		case !strings.HasPrefix(name, "."):
			foreign = name
		}
	}
	if foreign != "" {
		return fmt.Errorf("--data %s holds %s and nothing of a server: name a new folder, or one that a server made", dir, foreign)
	}
	return nil
}

// hosts are the names of the server: those that were given, and the one that it listens on.
func (c serveCmd) hosts() []string {
	var names []string
	for _, h := range c.Host {
		names = append(names, strings.ToLower(h))
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" && c.Token != "" {
		names = append(names, strings.ToLower(host))
	}
	return names
}
