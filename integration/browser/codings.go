package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// codings are those that the cache keeps copies in.
var codings = []string{"gzip", "br", "zstd"}

// decode undoes a content coding.
func decode(body []byte, coding string) ([]byte, error) {
	reader, err := decoder(bytes.NewReader(body), coding)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", coding, err)
	}
	decoded, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", coding, err)
	}
	return decoded, nil
}

func decoder(body io.Reader, coding string) (io.Reader, error) {
	switch coding {
	case "":
		return body, nil
	case "gzip":
		return gzip.NewReader(body)
	case "br":
		return brotli.NewReader(body), nil
	case "zstd":
		return zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
	}
	return nil, fmt.Errorf("the coding %q was not asked for", coding)
}
