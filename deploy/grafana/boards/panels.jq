# What dashboards are made of. A panel says what it shows and how wide it is; its place and its number come from its order.
#
#   rows: title, panels ──▶ placed from left to right, 24 columns, a new line where one is full ──▶ Grafana's JSON

def prometheus: {type: "prometheus", uid: "${datasource}"};

# --- queries

def q(expr; legend): {expr: expr, legendFormat: legend, range: true, instant: false};
# Only its newest value.
def now(expr; legend): q(expr; legend) + {range: false, instant: true};
def table(expr): now(expr; "") + {format: "table"};

# A part of a whole: 0 where nothing is in the part, and nothing where there is no whole.
def share(part; whole): "(\(part) or \(whole) * 0) / (\(whole) > 0)";
# Attempts that ended with a failure.
def failed: "result=~\"transient|permanent|undecodable|outage|fatal|panic|timeout\"";
def quantile(of; metric; by; matching):
  "histogram_quantile(\(of), sum by (le\(by)) (rate(\(metric)_bucket{\(matching)}[$__rate_interval])))";

# --- panels

def panel(type; width; title; description; unit; queries):
  {
    type: type, title: title, description: description, datasource: prometheus,
    width: width, height: 8,
    targets: [
      queries | to_entries[] | .value + {refId: ([65 + .key] | implode), datasource: prometheus, editorMode: "code"}
    ],
    fieldConfig: {
      defaults: {
        unit: unit, color: {mode: "palette-classic"}, mappings: [],
        thresholds: {mode: "absolute", steps: [{color: "green", value: null}]}
      },
      overrides: []
    },
    options: {}, links: []
  };

# Lines over time.
def lines(width; title; description; unit; queries):
  panel("timeseries"; width; title; description; unit; queries)
  | .fieldConfig.defaults.min = 0
  | .fieldConfig.defaults.custom = {
      drawStyle: "line", lineWidth: 1, fillOpacity: 10, showPoints: "never", spanNulls: false,
      stacking: {mode: "none", group: "A"}, thresholdsStyle: {mode: "off"}
    }
  | .options = {
      legend: {displayMode: "list", placement: "bottom", showLegend: true, calcs: []},
      tooltip: {mode: "multi", sort: "desc"}
    };

def stacked: .fieldConfig.defaults.custom += {stacking: {mode: "normal", group: "A"}, fillOpacity: 40};
def bars: .fieldConfig.defaults.custom += {drawStyle: "bars", fillOpacity: 70} | stacked;

# One number for each series.
def stat(width; title; description; unit; queries):
  panel("stat"; width; title; description; unit; queries)
  | .height = 5
  | .fieldConfig.defaults.color.mode = "thresholds"
  | .options = {
      reduceOptions: {calcs: ["lastNotNull"], fields: "", values: false},
      colorMode: "background", graphMode: "none", textMode: "auto", justifyMode: "auto",
      orientation: "auto", wideLayout: true
    };

# As tall as the lines beside it.
def tall: .height = 8;

# A row for each series, with these labels as columns; `Value` is the number.
def rows(width; title; description; unit; columns; queries):
  panel("table"; width; title; description; unit; queries)
  | .options = {showHeader: true, cellHeight: "sm"}
  | .transformations = [
      {id: "filterFieldsByName", options: {include: {names: columns}}},
      {id: "organize", options: {indexByName: (columns | to_entries | map({(.value): .key}) | add), excludeByName: {}, renameByName: {}}}
    ];

# Which word of several it is, over time.
def states(width; title; description; queries):
  panel("state-timeline"; width; title; description; "none"; queries)
  | .fieldConfig.defaults.custom = {lineWidth: 0, fillOpacity: 70}
  | .options = {
      showValue: "never", mergeValues: true, rowHeight: 0.9, alignValue: "center",
      legend: {displayMode: "list", placement: "bottom", showLegend: false},
      tooltip: {mode: "single", sort: "none"}
    };

# --- what is added to a panel

# From this value on it is bad. `alert` is the rule that says the same: the panel names it, and a test compares the numbers.
def alert(name; value; color):
  .description += " Alert: \(name)."
  | .fieldConfig.defaults.thresholds.steps += [{color: color, value: value}]
  | if .fieldConfig.defaults.custom.thresholdsStyle then .fieldConfig.defaults.custom.thresholdsStyle.mode = "dashed" else . end;
def page(name; value): alert(name; value; "red");
def ticket(name; value): alert(name; value; "orange");

# 1 is good, and 0 is bad.
def good(one; zero):
  .fieldConfig.defaults.thresholds.steps = [{color: "red", value: null}, {color: "green", value: 1}]
  | .fieldConfig.defaults.mappings = [{
      type: "value", options: {"0": {text: zero, color: "red", index: 0}, "1": {text: one, color: "green", index: 1}}
    }];

def empty(text): .fieldConfig.defaults.noValue = text;

# A link to traces of a service, in the time that is shown. The variables stay as they are, for Grafana to fill in.
def traces(title; service; tags):
  ({t: {
      datasource: "TRACES", range: {from: "FROM", to: "TO"},
      queries: [{refId: "A", datasource: {type: "jaeger", uid: "TRACES"}, queryType: "search", service: service, tags: tags, limit: 20}]
    }} | tojson | @uri
    | gsub("TRACES"; "${traces}") | gsub("FROM"; "${__from}") | gsub("TO"; "${__to}")) as $panes
  | .links += [{title: title, url: "/explore?schemaVersion=1&panes=\($panes)", targetBlank: true}];

# --- the page

def place:
  reduce .[] as $row ({y: 0, id: 1, panels: []};
    .panels += [{
      type: "row", title: $row.title, id: .id, collapsed: false, panels: [], gridPos: {x: 0, y: .y, w: 24, h: 1}
    }]
    | .id += 1 | .y += 1 | .x = 0 | .tallest = 0
    | reduce $row.panels[] as $panel (.;
        if .x + $panel.width > 24 then .y += .tallest | .x = 0 | .tallest = 0 else . end
        | .panels += [
            ($panel | del(.width, .height)) + {id: .id, gridPos: {x: .x, y: .y, w: $panel.width, h: $panel.height}}
          ]
        | .id += 1 | .x += $panel.width | .tallest = ([.tallest, $panel.height] | max))
    | .y += .tallest)
  | .panels;

def source(name; type; shown):
  {name: name, type: "datasource", query: type, label: shown, regex: "", refresh: 1, hide: 0, multi: false,
   includeAll: false, options: [], current: {}};

def choice(name; shown; query):
  {name: name, type: "query", label: shown, datasource: prometheus, definition: query,
   query: {query: query, refId: "variable"}, refresh: 2, regex: "", sort: 1, hide: 0,
   multi: true, includeAll: true, allValue: ".+", options: [],
   current: {text: ["All"], value: ["$__all"], selected: true}};

def dashboard(name; title; description; rows):
  {
    uid: "tidegate-\(name)", title: title, description: description, tags: ["tidegate"],
    schemaVersion: 42, version: 1, editable: true, graphTooltip: 1, liveNow: false, preload: false,
    fiscalYearStartMonth: 0, weekStart: "", timezone: "browser", refresh: "30s",
    time: {from: "now-1h", to: "now"}, timepicker: {},
    links: [{
      type: "dashboards", tags: ["tidegate"], title: "Tidegate", asDropdown: false, includeVars: true, keepTime: true,
      targetBlank: false, icon: "external link", tooltip: "", url: ""
    }],
    annotations: {list: [{
      name: "Starts", datasource: prometheus, enable: true, hide: false, iconColor: "blue",
      target: {
        refId: "Anno", interval: "",
        expr: "changes(process_start_time_seconds{job=~\"producer|consumer|replay|gateway\"}[2m]) > 0"
      },
      titleFormat: "{{job}} was started again", textFormat: "{{instance}}", tagKeys: "job"
    }]},
    templating: {list: [
      source("datasource"; "prometheus"; "Metrics"),
      source("traces"; "jaeger"; "Traces"),
      choice("group"; "Group"; "label_values(tidegate_ready, group)"),
      choice("topic"; "Topic"; "label_values(tidegate_records_delivered_total{group=~\"$group\"}, topic)")
    ]},
    panels: (rows | place)
  };
