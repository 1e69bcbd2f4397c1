package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/page-cache/page-cache/integration/launch"
)

// curl fetches pages as the command does, which decodes them by itself.
type curl struct {
	base, state string
	cookies     visitor // Whose cookies it sends.
}

// fetch asks for a page in one coding.
func (c curl) fetch(ctx context.Context, path, coding string) (fetched, error) {
	// The visitor's own fetch tells his cookies.
	own, err := c.cookies.fetch(ctx, path, "identity")
	if err != nil {
		return fetched{}, err
	}
	head := filepath.Join(c.state, "curl.head")
	cmd := exec.CommandContext(ctx, "curl", "--silent", "--show-error", "--max-time", "30",
		"--compressed", "--header", "Accept-Encoding: "+coding,
		"--header", "Accept: "+acceptPage, "--header", "Accept-Language: "+acceptLanguage,
		"--cookie", "csrftoken="+own.Cookies[csrfCookie],
		"--dump-header", head, c.base+path)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	body, err := cmd.Output()
	if err != nil {
		return fetched{}, fmt.Errorf("curl (which has to know %s: see curl --version): %w: %s", coding, err, launch.Tail(complaints.Bytes()))
	}
	text, err := os.ReadFile(head)
	if err != nil {
		return fetched{}, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), &http.Request{Method: http.MethodHead})
	if err != nil {
		return fetched{}, err
	}
	return fetched{
		Status:      resp.StatusCode,
		Coding:      resp.Header.Get("Content-Encoding"),
		CacheStatus: resp.Header.Get("Cache-Status"),
		Body:        body,
		Cookies:     own.Cookies,
	}, resp.Body.Close()
}
