package uwsgi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, input, want string }{
		{"nothing", "uwsgi", `{}`},
		{"an empty block", "uwsgi {\n}", `{}`},
		{
			"everything",
			"uwsgi {\n dial_timeout 1s\n write_timeout 2m\n header_timeout 3s\n read_timeout 1d\n buffer_limit 1MiB\n" +
				" max_block 32KiB\n var UWSGI_SCHEME {scheme}\n var SCRIPT_NAME /shop\n}",
			`{"dial_timeout":1000000000,"write_timeout":120000000000,"header_timeout":3000000000,"read_timeout":86400000000000,` +
				`"buffer_limit":1048576,"max_block":32768,"vars":{"SCRIPT_NAME":"/shop","UWSGI_SCHEME":"{scheme}"}}`,
		},
		{"the largest block", "uwsgi {\n max_block 65535\n}", `{"max_block":65535}`},
		{"an empty value", "uwsgi {\n var REMOTE_USER \"\"\n}", `{"vars":{"REMOTE_USER":""}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			transport := new(Transport)
			if err := transport.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tt.input)); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(transport)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestUnmarshalCaddyfileRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, input, want string }{
		{"an argument", "uwsgi unix//run/app.sock", "options stand in a block"},
		{"an unknown option", "uwsgi {\n timeout 1s\n}", "allowed are " + allowedOptions},
		{"an option twice", "uwsgi {\n read_timeout 1s\n read_timeout 2s\n}", "twice"},
		{"no duration", "uwsgi {\n read_timeout\n}", "needs one duration"},
		{"two durations", "uwsgi {\n read_timeout 1s 2s\n}", "needs one duration"},
		{"a bad duration", "uwsgi {\n dial_timeout soon\n}", `got "soon"`},
		{"no time", "uwsgi {\n header_timeout 0s\n}", "above zero"},
		{"a negative time", "uwsgi {\n write_timeout -1s\n}", "above zero"},
		{"no size", "uwsgi {\n buffer_limit\n}", "needs one size"},
		{"a bad size", "uwsgi {\n buffer_limit much\n}", `got "much"`},
		{"a zero size", "uwsgi {\n buffer_limit 0\n}", "needs a size from 1"},
		{"a block that is too large", "uwsgi {\n max_block 65536\n}", "from 1 to 65535"},
		{"a variable without value", "uwsgi {\n var A\n}", "needs a name and a value"},
		{"a bad name", "uwsgi {\n var A-B c\n}", "letters, digits and underscores"},
		{"a variable twice", "uwsgi {\n var A b\n var A c\n}", "A stands twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := new(Transport).UnmarshalCaddyfile(caddyfile.NewTestDispenser(tt.input))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want it to say %q", err, tt.want)
			}
			if !strings.Contains(err.Error(), "Testfile:") {
				t.Errorf("got %v, want it to name file and line", err)
			}
		})
	}
}
