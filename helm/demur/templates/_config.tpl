{{/* demur.yaml: what the values say, and what only the chart can know. */}}

{{- define "demur.policiesDir" -}}
{{- if eq .Values.policies.source "gitSync" }}
{{- list "/etc/demur/policies/current" .Values.policies.gitSync.path | join "/" | trimSuffix "/" }}
{{- else if ne .Values.policies.source "builtin" }}
{{- "/etc/demur/policies" }}
{{- end }}
{{- end }}

{{- define "demur.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $host := ternary "127.0.0.1" "0.0.0.0" (eq .Values.mode "sidecar") }}
{{- $_ := set $config "listen" (printf "%s:%d" $host (int .Values.ports.traffic)) }}
{{- $_ := set $config "admin" (printf "0.0.0.0:%d" (int .Values.ports.admin)) }}
{{- with include "demur.policiesDir" . }}
{{- $_ := set $config "policies" (dict "dir" .) }}
{{- end }}
{{- if and .Values.gpu.enabled (not $config.classifiers.provider) }}
{{- $_ := set $config.classifiers "provider" (ternary "requireCuda" "cuda" .Values.gpu.required) }}
{{- end }}
{{- $_ := set $config "limits" (merge (dict "drainTimeout" (printf "%ds" (int .Values.drain.seconds))) ($config.limits | default dict)) }}
{{- range $key, $value := $config }}
{{- if not (kindIs "bool" $value) }}
{{- if empty $value }}{{ $_ := unset $config $key }}{{ end }}
{{- end }}
{{- end }}
{{- toYaml $config }}
{{- end }}
