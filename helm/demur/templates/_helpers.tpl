{{- define "demur.labels" -}}
app.kubernetes.io/name: demur
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "demur.selector" -}}
app.kubernetes.io/name: demur
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
