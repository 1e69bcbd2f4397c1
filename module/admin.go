package pagecache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/freeze"
)

const (
	freezePath = "/page_cache/freeze"

	// defaultFreeze is for how long the edge is frozen when nobody says: longer than a
	// deploy takes, and short enough that a freeze which was forgotten does little harm.
	defaultFreeze = config.Duration(15 * time.Minute)
	maxFreeze     = config.Duration(24 * time.Hour)

	maxAdminBody = 4096
)

// adminAPI is what Caddy's admin endpoint has of page_cache. It holds nothing of a
// configuration, because Caddy makes it before the apps.
type adminAPI struct{ log *zap.Logger }

// CaddyModule returns the module's information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.page_cache", New: func() caddy.Module { return new(adminAPI) }}
}

// Provision readies the API.
func (a *adminAPI) Provision(ctx caddy.Context) error {
	a.log = ctx.Logger()
	return nil
}

// Routes returns the paths of the API.
func (a *adminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{{Pattern: freezePath, Handler: caddy.AdminHandlerFunc(a.freeze)}}
}

// freezeOrder is what a POST to the path says.
type freezeOrder struct {
	State string          `json:"state"`
	For   config.Duration `json:"for"`
}

// freezeState is what the path answers.
type freezeState struct {
	State string     `json:"state"`
	Until *time.Time `json:"until,omitempty"`
}

// freeze tells whether the edge is frozen (GET), or has it frozen for a time, or not
// any more (POST).
func (a *adminAPI) freeze(w http.ResponseWriter, r *http.Request) error {
	switch {
	case r.URL.EscapedPath() != freezePath:
		return apiError(http.StatusNotFound, "there is nothing at %s; write %s", r.URL.EscapedPath(), freezePath)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return tellFreeze(w, frozen.State(time.Now()))
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST")
		return apiError(http.StatusMethodNotAllowed, "%s is not allowed; GET tells the state, POST changes it", r.Method)
	}
	order, err := readFreeze(r)
	if err != nil {
		return err
	}
	now := time.Now()
	if order.State == "off" {
		state := frozen.Off(now)
		a.log.Info("the edge is not frozen: pages are stored again")
		return tellFreeze(w, state)
	}
	state := frozen.On(now, time.Duration(order.For))
	a.log.Info("the edge is frozen: the last good pages are served, and nothing is stored", zap.Duration("for", state.Left))
	return tellFreeze(w, state)
}

// readFreeze reads an order. Only JSON is taken: a form, which any page in a browser
// can have sent, says nothing here.
func readFreeze(r *http.Request) (freezeOrder, error) {
	order := freezeOrder{For: defaultFreeze}
	const like = `{"state": "on", "for": "10m"} or {"state": "off"}`
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return order, apiError(http.StatusUnsupportedMediaType, "send Content-Type: application/json, and a body like %s", like)
	}
	d := json.NewDecoder(io.LimitReader(r.Body, maxAdminBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&order); err != nil {
		return order, apiError(http.StatusBadRequest, "the body cannot be read: %w; write %s", err, like)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return order, apiError(http.StatusBadRequest, "there is more than one value in the body; write %s", like)
	}
	switch {
	case order.State != "on" && order.State != "off":
		return order, apiError(http.StatusBadRequest, "state: %q is neither on nor off; write %s", order.State, like)
	case order.State == "off" && order.For != defaultFreeze:
		return order, apiError(http.StatusBadRequest, "for: off is for good; write %s", like)
	case order.For < config.Duration(time.Second) || order.For > maxFreeze:
		return order, apiError(http.StatusBadRequest, "for: %s is not a time to be frozen; give %s to %s, or leave it out for %s",
			order.For, time.Second, time.Duration(maxFreeze), time.Duration(defaultFreeze))
	}
	return order, nil
}

func tellFreeze(w http.ResponseWriter, s freeze.State) error {
	told := freezeState{State: "off"}
	if s.On {
		until := time.Now().Add(s.Left).UTC().Truncate(time.Second)
		told.State, told.Until = "on", &until
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(told)
}

func apiError(status int, format string, args ...any) error {
	return caddy.APIError{HTTPStatus: status, Err: fmt.Errorf(format, args...)}
}

// Interface guards.
var (
	_ caddy.AdminRouter = (*adminAPI)(nil)
	_ caddy.Provisioner = (*adminAPI)(nil)
)
