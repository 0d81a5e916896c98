{{/* The container, its helpers and its volumes, the same for a gateway and for a sidecar. */}}

{{/* Without a dash and the name, so that the caller can put its own fields beside these. */}}
{{- define "demur.container" -}}
image: {{ include "demur.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [serve, --config, /etc/demur/demur.yaml, --log-format, json]
env:
  - {name: RUST_LOG, value: {{ printf "%s,ort=warn" .Values.logLevel | quote }}}
  {{- range .Values.secrets.env }}
  - name: {{ .name }}
    valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .key | quote }}}}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.secrets.envFrom }}
envFrom:
  {{- range . }}
  - secretRef: {name: {{ . | quote }}}
  {{- end }}
{{- end }}
ports:
  {{- if eq .Values.mode "gateway" }}
  - {name: traffic, containerPort: {{ .Values.ports.traffic }}}
  - {name: admin, containerPort: {{ .Values.ports.admin }}}
  {{- else }}
  - {name: demur-admin, containerPort: {{ .Values.ports.admin }}}
  {{- end }}
startupProbe:
  httpGet: {path: /readyz, port: {{ .Values.ports.admin }}, scheme: {{ include "demur.scheme" .Values.config.adminTls | upper }}}
  periodSeconds: 1
  failureThreshold: {{ .Values.probes.startupSeconds }}
readinessProbe:
  httpGet: {path: /readyz, port: {{ .Values.ports.admin }}, scheme: {{ include "demur.scheme" .Values.config.adminTls | upper }}}
  periodSeconds: {{ .Values.probes.readinessPeriodSeconds }}
livenessProbe:
  httpGet: {path: /livez, port: {{ .Values.ports.admin }}, scheme: {{ include "demur.scheme" .Values.config.adminTls | upper }}}
  periodSeconds: {{ .Values.probes.livenessPeriodSeconds }}
{{- $native := and (eq .Values.mode "sidecar") .Values.sidecar.native }}
{{- if and (gt (int .Values.drain.preStopSeconds) 0) (not $native) (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) }}
lifecycle:
  # The image has no shell, so the kubelet does the waiting.
  preStop: {sleep: {seconds: {{ .Values.drain.preStopSeconds }}}}
{{- end }}
resources: {{- include "demur.resources" . | nindent 2 }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - {name: {{ include "demur.volume" "config" }}, mountPath: /etc/demur/demur.yaml, subPath: demur.yaml, readOnly: true}
  {{- if ne .Values.policies.source "builtin" }}
  # The policies without a subPath: only a whole folder is updated in place.
  - name: {{ include "demur.volume" "policies" }}
    mountPath: /etc/demur/policies
    readOnly: true
    {{- if and (eq .Values.policies.source "claim") .Values.policies.claim.subPath }}
    subPath: {{ .Values.policies.claim.subPath | quote }}
    {{- end }}
  {{- end }}
  {{- range $at, $secret := .Values.secrets.files }}
  - {name: {{ include "demur.volume" (printf "secret-%d" $at) }}, mountPath: {{ printf "/etc/demur/secrets/%s" $secret | quote }}, readOnly: true}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Of a listener, by what the configuration says about its TLS. */}}
{{- define "demur.scheme" -}}
{{- ternary "https" "http" (not (empty .)) }}
{{- end }}

{{/* Volumes carry demur's name, since a sidecar's lie beside the application's. */}}
{{- define "demur.volume" -}}
demur-{{ . }}
{{- end }}

{{- define "demur.resources" -}}
{{- $resources := deepCopy .Values.resources }}
{{- if .Values.gpu.enabled }}
{{- $limits := merge (dict .Values.gpu.resource (int .Values.gpu.count)) ($resources.limits | default dict) }}
{{- $_ := set $resources "limits" $limits }}
{{- end }}
{{- toYaml $resources }}
{{- end }}

{{- define "demur.volumes" -}}
- name: {{ include "demur.volume" "config" }}
  configMap: {name: {{ include "demur.fullname" . }}}
{{- with .Values.policies }}
{{- if eq .source "inline" }}
- name: {{ include "demur.volume" "policies" }}
  configMap: {name: {{ include "demur.fullname" $ }}-policies}
{{- else if eq .source "configMap" }}
- name: {{ include "demur.volume" "policies" }}
  configMap: {name: {{ .configMap | quote }}}
{{- else if eq .source "claim" }}
- name: {{ include "demur.volume" "policies" }}
  persistentVolumeClaim: {claimName: {{ .claim.name | quote }}, readOnly: true}
{{- else if eq .source "gitSync" }}
- name: {{ include "demur.volume" "policies" }}
  emptyDir: {}
- name: {{ include "demur.volume" "git" }}
  emptyDir: {}
{{- if and .gitSync.secret (eq .gitSync.auth "ssh") }}
- name: {{ include "demur.volume" "git-secret" }}
  secret: {secretName: {{ .gitSync.secret | quote }}, defaultMode: 0440}
{{- end }}
{{- end }}
{{- end }}
{{- range $at, $secret := .Values.secrets.files }}
- name: {{ include "demur.volume" (printf "secret-%d" $at) }}
  secret: {secretName: {{ $secret | quote }}, defaultMode: 0440}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* git-sync once, before demur starts: it does not start without policies. */}}
{{- define "demur.gitSync.once" -}}
{{- if eq .Values.policies.source "gitSync" }}
- name: demur-policies-first
  {{- include "demur.gitSync" (dict "root" . "once" true) | nindent 2 }}
{{- end }}
{{- end }}

{{/* git-sync beside demur, for every later commit. */}}
{{- define "demur.gitSync.always" -}}
{{- if eq .Values.policies.source "gitSync" }}
- name: demur-policies
  {{- include "demur.gitSync" (dict "root" . "once" false) | nindent 2 }}
{{- end }}
{{- end }}

{{- define "demur.gitSync" -}}
{{- $git := .root.Values.policies.gitSync }}
image: {{ $git.image | quote }}
args:
  - {{ printf "--repo=%s" $git.repo | quote }}
  - {{ printf "--ref=%s" $git.ref | quote }}
  - --root=/git
  - --link=current
  - --depth=1
  {{- if .once }}
  - --one-time
  {{- else }}
  - {{ printf "--period=%s" $git.period | quote }}
  # A server that is away is no reason to stop: the policies in force stay.
  - --max-failures=-1
  {{- end }}
  {{- if and $git.secret (eq $git.auth "ssh") }}
  - --ssh-key-file=/secret/ssh-privatekey
  - --ssh-known-hosts-file=/secret/known_hosts
  {{- end }}
env:
  - {name: HOME, value: /tmp}
  {{- if and $git.secret (eq $git.auth "http") }}
  - name: GITSYNC_USERNAME
    valueFrom: {secretKeyRef: {name: {{ $git.secret | quote }}, key: username}}
  - name: GITSYNC_PASSWORD
    valueFrom: {secretKeyRef: {name: {{ $git.secret | quote }}, key: password}}
  {{- end }}
resources: {{- toYaml $git.resources | nindent 2 }}
securityContext: {{- toYaml .root.Values.securityContext | nindent 2 }}
volumeMounts:
  - {name: {{ include "demur.volume" "policies" }}, mountPath: /git}
  - {name: {{ include "demur.volume" "git" }}, mountPath: /tmp}
  {{- if and $git.secret (eq $git.auth "ssh") }}
  - {name: {{ include "demur.volume" "git-secret" }}, mountPath: /secret, readOnly: true}
  {{- end }}
{{- end }}
