{{- define "simgate.labels" -}}
app.kubernetes.io/name: simgate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* What selects the pods of one part: (list . "minio"). */}}
{{- define "simgate.part" -}}
app.kubernetes.io/name: simgate
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "simgate.airflow" -}}
tier: airflow
release: {{ .Release.Name }}
{{- end }}

{{- define "simgate.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "simgate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "simgate.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* An image by digest, or no chart at all: (list . "airflow"). */}}
{{- define "simgate.image" -}}
{{- $image := index (index . 0).Values.images (index . 1) -}}
{{- required (printf "images.%s is missing: repository@sha256:<64 hex digits>" (index . 1)) $image -}}
{{- end }}

{{- define "simgate.mlflowUrl" -}}
http://simgate-mlflow.{{ .Release.Namespace }}.svc:5000
{{- end }}

{{- define "simgate.apiUrl" -}}
http://{{ .Release.Name }}-api-server.{{ .Release.Namespace }}.svc:8080
{{- end }}

{{- /* One stage's pod settings: its pool's fields, then its own. (list . settings) */}}
{{- define "simgate.stage" -}}
{{- $values := (index . 0).Values -}}
{{- $own := deepCopy (index . 1) -}}
{{- $pool := dict -}}
{{- with $own.pool -}}
{{- $pool = deepCopy (required (printf "stages.pools has no pool %s" .) (index $values.stages.pools .)) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $pool (omit $own "pool")) -}}
{{- end }}

{{- /* Peers by CIDR: a list of addresses. */}}
{{- define "simgate.peers" -}}
{{- range . }}
- ipBlock: {cidr: {{ . | quote }}}
{{- end }}
{{- end }}

{{- /* What a pod of ours asks for Airflow: the settings, with a folder of keys. */}}
{{- define "simgate.settingsFrom" -}}
- configMapRef: {name: simgate-settings}
{{- end }}

{{- /* Names, for a policy's egress. */}}
{{- define "simgate.dns" -}}
to:
  - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
    podSelector: {matchLabels: {k8s-app: kube-dns}}
ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- end }}

{{- /* Pods of this release whose part is one of a list: (list . (list "planner" "seal")). */}}
{{- define "simgate.parts" -}}
matchLabels:
  app.kubernetes.io/name: simgate
  app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
matchExpressions:
  - {key: app.kubernetes.io/component, operator: In, values: {{ index . 1 | toJson }}}
{{- end }}

{{- /* Airflow's own pods of some components: (list . (list "scheduler")). */}}
{{- define "simgate.components" -}}
matchLabels: {{- include "simgate.airflow" (index . 0) | nindent 2 }}
matchExpressions:
  - {key: component, operator: In, values: {{ index . 1 | toJson }}}
{{- end }}

{{- /* The way to the store from the release's namespace, for a policy's egress. */}}
{{- define "simgate.toStore" -}}
{{- if .Values.minio.enabled -}}
- to: [{podSelector: {matchLabels: {{ include "simgate.part" (list . "minio") | fromYaml | toJson }}}}]
  ports: [{port: 9000, protocol: TCP}]
{{- else -}}
- to: {{- include "simgate.peers" .Values.store.externalAddresses | nindent 4 }}
  ports: [{port: {{ .Values.store.externalPort }}, protocol: TCP}]
{{- end }}
{{- end }}
