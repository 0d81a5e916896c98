// Reads objects of Prometheus Operator from standard input, by the types its makers publish, and refuses what those
// do not know. Kubernetes itself has no schema for them, so no other check in this folder would see a misspelt field.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

var border = regexp.MustCompile(`(?m)^---\s*$`)

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	for _, document := range border.Split(string(input), -1) {
		if len(bytes.TrimSpace([]byte(document))) == 0 {
			continue
		}
		if err := check([]byte(document)); err != nil {
			fail(err)
		}
	}
}

func check(document []byte) error {
	var head struct {
		Kind string `json:"kind"`
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		return err
	}
	kinds := map[string]any{
		"ServiceMonitor": &monitoring.ServiceMonitor{},
		"PodMonitor":     &monitoring.PodMonitor{},
		"PrometheusRule": &monitoring.PrometheusRule{},
	}
	object, known := kinds[head.Kind]
	if !known {
		return fmt.Errorf("no type for the kind `%s`", head.Kind)
	}
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return fmt.Errorf("%s: %w", head.Kind, err)
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}
