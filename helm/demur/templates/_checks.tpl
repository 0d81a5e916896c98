{{/* What values.schema.json cannot say: values that contradict each other. Each message names the value and the way out. */}}

{{- define "demur.checks" -}}
{{- $policies := .Values.policies }}
{{- $native := and (eq .Values.mode "sidecar") .Values.sidecar.native }}
{{- if and (eq $policies.source "inline") (not $policies.inline) }}
{{- fail "policies.inline is empty: give it files, or set policies.source to `builtin`" }}
{{- end }}
{{- if and $policies.inline (ne $policies.source "inline") }}
{{- fail (printf "policies.inline is not used while policies.source is `%s`: set policies.source to `inline`" $policies.source) }}
{{- end }}
{{- range $name, $_ := $policies.inline }}
{{- if not (regexMatch "^[A-Za-z0-9_][-._A-Za-z0-9]*\\.ya?ml$" $name) }}
{{- fail (printf "policies.inline.%s: demur reads files that end in `.yaml`; call it `%s.yaml`" $name $name) }}
{{- end }}
{{- end }}
{{- if and (eq $policies.source "configMap") (not $policies.configMap) }}
{{- fail "policies.configMap is empty: name the ConfigMap that holds the policies" }}
{{- end }}
{{- if and (eq $policies.source "claim") (not $policies.claim.name) }}
{{- fail "policies.claim.name is empty: name the PersistentVolumeClaim that holds the policies" }}
{{- end }}
{{- if and (eq $policies.source "gitSync") (not $policies.gitSync.repo) }}
{{- fail "policies.gitSync.repo is empty: name the repository that holds the policies" }}
{{- end }}
{{- $names := list }}
{{- range .Values.config.upstreams }}
{{- if has .name $names }}
{{- fail (printf "config.upstreams: the name `%s` is used twice" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- with .Values.config.helper }}
{{- if not (has .upstream $names) }}
{{- fail (printf "config.helper.upstream: there is no upstream `%s`; there is %s" .upstream ($names | join ", ")) }}
{{- end }}
{{- end }}
{{- $known := list }}
{{- range concat .Values.secrets.env .Values.extraEnv }}
{{- $known = append $known .name }}
{{- end }}
{{- $files := .Values.secrets.files }}
{{- $all := gt (len .Values.secrets.envFrom) 0 }}
{{- range .Values.config.upstreams }}
{{- $upstream := . }}
{{- with .apiKey }}
{{- if and .env (not $all) (not (has .env $known)) }}
{{- fail (printf "config.upstreams, `%s`: nothing sets the variable `%s`; add it to secrets.env, or its secret to secrets.envFrom" $upstream.name .env) }}
{{- end }}
{{- if .file }}
{{- $parts := splitList "/" (trimPrefix "/etc/demur/" .file) }}
{{- if and (eq (first $parts) "secrets") (not (has (index $parts 1) $files)) }}
{{- fail (printf "config.upstreams, `%s`: no secret is mounted at `%s`; add `%s` to secrets.files" $upstream.name .file (index $parts 1)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if dig "adminTls" "clients" false .Values.config }}
{{- fail "config.adminTls.clients: the kubelet's probes have no certificate to show, and no pod would ever be ready; leave it out" }}
{{- end }}
{{- if eq (int .Values.ports.traffic) (int .Values.ports.admin) }}
{{- fail "ports.traffic and ports.admin are the same port: give them two" }}
{{- end }}
{{- if and $native (semverCompare "<1.29.0-0" .Capabilities.KubeVersion.Version) }}
{{- fail (printf "sidecar.native needs Kubernetes 1.29 and this is %s: set sidecar.native to false" .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) }}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- $least := int (ternary .Values.autoscaling.minReplicas .Values.replicaCount .Values.autoscaling.enabled) }}
{{- with .Values.podDisruptionBudget }}
{{- $keep := toString .minAvailable }}
{{- if and .enabled (not (empty $keep)) (not (empty (toString .maxUnavailable))) }}
{{- fail "podDisruptionBudget has minAvailable and maxUnavailable: set one of them to \"\"" }}
{{- end }}
{{- if and .enabled (regexMatch "^[0-9]+$" $keep) (ge (int $keep) $least) }}
{{- fail (printf "podDisruptionBudget.minAvailable is %s of %d gateways, so that no node could ever be drained: take less" $keep $least) }}
{{- end }}
{{- end }}
{{- if and .Values.gpu.enabled (not .Values.gpu.required) (eq (.Values.config.classifiers.provider | default "") "requireCuda") }}
{{- fail "gpu.required is false and config.classifiers.provider is `requireCuda`: leave the provider to the chart" }}
{{- end }}
{{- if and (not .Values.gpu.enabled) (hasKey .Values.config.classifiers "provider") (ne .Values.config.classifiers.provider "cpu") }}
{{- fail (printf "config.classifiers.provider is `%s` and gpu.enabled is false: set gpu.enabled, and the pods get a GPU" .Values.config.classifiers.provider) }}
{{- end }}
{{- end }}
