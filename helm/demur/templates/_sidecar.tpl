{{/*
For other charts. With this chart as a dependency called `demur` and its `mode: sidecar`, a pod template becomes one with
a sidecar by six includes; each is given `.Subcharts.demur`, so that the values are those under `demur:`.

    metadata:
      labels:           {{- include "demur.sidecar.labels" .Subcharts.demur | nindent 4 }}
      annotations:      {{- include "demur.sidecar.annotations" .Subcharts.demur | nindent 4 }}
    spec:
      initContainers:   {{- include "demur.sidecar.initContainers" .Subcharts.demur | nindent 4 }}
      containers:
        - name: app
          env:          {{- include "demur.sidecar.env" .Subcharts.demur | nindent 8 }}
        {{- include "demur.sidecar.containers" .Subcharts.demur | nindent 4 }}
      volumes:          {{- include "demur.sidecar.volumes" .Subcharts.demur | nindent 4 }}

Which of `initContainers` and `containers` holds demur is for `sidecar.native` to say.
*/}}

{{- define "demur.sidecar.labels" -}}
demur/sidecar: {{ include "demur.fullname" . }}
{{- end }}

{{- define "demur.sidecar.annotations" -}}
{{- include "demur.checks" . -}}
checksum/demur: {{ include "demur.config" . | sha256sum }}
{{- end }}

{{- define "demur.sidecar.initContainers" -}}
{{- $always := include "demur.gitSync.always" . }}
{{- include "demur.gitSync.once" . }}
{{- if .Values.sidecar.native }}
{{- with $always }}
{{ . }}
  restartPolicy: Always
{{- end }}
{{ include "demur.sidecar.container" . }}
  restartPolicy: Always
{{- end }}
{{- end }}

{{- define "demur.sidecar.containers" -}}
{{- if not .Values.sidecar.native }}
{{- include "demur.gitSync.always" . }}
{{ include "demur.sidecar.container" . }}
{{- end }}
{{- end }}

{{- define "demur.sidecar.container" -}}
- name: {{ .Values.sidecar.name }}
  {{- include "demur.container" . | nindent 2 }}
{{- end }}

{{- define "demur.sidecar.volumes" -}}
{{- include "demur.volumes" . }}
{{- end }}

{{- define "demur.sidecar.env" -}}
{{- $base := printf "%s://127.0.0.1:%d" (include "demur.scheme" .Values.config.tls) (int .Values.ports.traffic) }}
{{- range .Values.sidecar.clients }}
{{- if eq . "openai" }}
- {name: OPENAI_BASE_URL, value: {{ print $base "/v1" | quote }}}
{{- else if eq . "anthropic" }}
- {name: ANTHROPIC_BASE_URL, value: {{ $base | quote }}}
{{- else if eq . "gemini" }}
- {name: GOOGLE_GEMINI_BASE_URL, value: {{ $base | quote }}}
{{- else if eq . "ollama" }}
- {name: OLLAMA_HOST, value: {{ $base | quote }}}
{{- else if eq . "azure" }}
- {name: AZURE_OPENAI_ENDPOINT, value: {{ $base | quote }}}
{{- end }}
{{- end }}
{{- end }}
