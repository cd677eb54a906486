{{- /* A worker of Airflow: one task, the keys of these roles, no password of the database.
     (dict "root" . "component" "planner" "account" "…" "token" true "roles" (list …) "own" "planner-main" "volumes" "…" "mounts" "…") */}}
{{- define "simgate.worker" -}}
apiVersion: v1
kind: Pod
metadata:
  name: placeholder
  labels:
    {{- include "simgate.part" (list .root .component) | nindent 4 }}
    {{- include "simgate.airflow" .root | nindent 4 }}
    component: worker
spec:
  serviceAccountName: {{ .account }}
  automountServiceAccountToken: {{ .token }}
  enableServiceLinks: false
  restartPolicy: Never
  terminationGracePeriodSeconds: 120
  securityContext: {{- include "simgate.podSecurity" .root | nindent 4 }}
  {{- include "simgate.pullSecrets" .root | nindent 2 }}
  containers:
    - name: base
      image: {{ include "simgate.image" (list .root "airflow") }}
      imagePullPolicy: IfNotPresent
      envFrom: {{- include "simgate.settingsFrom" .root | nindent 8 }}
      env:
        - {name: AIRFLOW__CORE__EXECUTOR, value: LocalExecutor}
        - {name: SIMGATE_ROLE_KEYS, value: /run/simgate/keys/{{ .own }}}
      resources: {{- toYaml .root.Values.worker.resources | nindent 8 }}
      securityContext: {{- include "simgate.containerSecurity" .root | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: logs, mountPath: /opt/airflow/logs}
        - {name: config, mountPath: /opt/airflow/airflow.cfg, subPath: airflow.cfg, readOnly: true}
        - {name: policy, mountPath: /etc/simgate/policy, readOnly: true}
        - {name: recipes, mountPath: /etc/simgate/recipes, readOnly: true}
        - {name: pods, mountPath: /etc/simgate/pods, readOnly: true}
        {{- range .roles }}
        - {name: keys-{{ . }}, mountPath: /run/simgate/keys/{{ . }}, readOnly: true}
        {{- end }}
        {{- if .promoter }}
        - {name: promoter, mountPath: /run/simgate/promoter, readOnly: true}
        {{- end }}
  volumes:
    - {name: tmp, emptyDir: {sizeLimit: 1Gi}}
    {{- if .root.Values.airflow.logs.persistence.enabled }}
    - {name: logs, persistentVolumeClaim: {claimName: {{ .root.Release.Name }}-logs}}
    {{- else }}
    - {name: logs, emptyDir: {}}
    {{- end }}
    - {name: config, configMap: {name: {{ .root.Release.Name }}-config}}
    - {name: policy, configMap: {name: simgate-policy}}
    - {name: recipes, configMap: {name: simgate-recipes}}
    - {name: pods, configMap: {name: simgate-pods}}
    {{- range .roles }}
    - {name: keys-{{ . }}, secret: {secretName: simgate-keys-{{ . }}, defaultMode: 0440}}
    {{- end }}
    {{- if .promoter }}
    - {name: promoter, secret: {secretName: {{ .root.Values.promoter.passwordSecret }}, defaultMode: 0440}}
    {{- end }}
{{- end }}
