// The command line: what each subcommand takes, and CLI11's exit codes turned into ours.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/app/commands.h"
#include "engine/app/exit_code.h"
#include "engine/app/model_commands.h"
#include "engine/app/serve.h"
#include "engine/app/version.h"
#include "engine/app/webhook_commands.h"

namespace {

using namespace tributary;  // NOLINT: this file is the program

constexpr const char* kDefaultConfigFile = "/etc/tributary/tributary.yaml";

/// The options that every command on a configuration takes.
struct ConfigFlags {
  std::string file = kDefaultConfigFile;
  std::string data_dir, listen, ops_listen;
  bool no_environment = false;

  void add_to(CLI::App& command) {
    command.add_option("--config,-c", file, "Configuration file")->capture_default_str();
    command.add_option("--data-dir", data_dir, "Overrides data_dir");
    command.add_option("--listen", listen, "Overrides server.listen");
    command.add_option("--ops-listen", ops_listen, "Overrides ops.listen");
  }

  ConfigInput input() const {
    ConfigInput input;
    input.file = file;
    if (!no_environment) input.environment = process_environment();
    if (!data_dir.empty()) input.flags.emplace_back("data_dir", data_dir);
    if (!listen.empty()) input.flags.emplace_back("server.listen", listen);
    if (!ops_listen.empty()) input.flags.emplace_back("ops.listen", ops_listen);
    return input;
  }
};

/// The whole command line. `exit_code` is what the chosen command returned.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help of all subcommands");
    add_serve();
    add_config_commands();
    add_store_commands();
    add_import();
    add_export();
    add_webhook();
    add_model();
    add_version();
  }

  int run(int argc, char** argv) try {
    app_.parse(argc, argv);
    return exit_code_;
  } catch (const CLI::ParseError& error) {
    // CLI11 prints help or the mistake; its own codes (105, 106, 109, ...) mean nothing to a supervisor.
    return app_.exit(error) == 0 ? kExitOk : kExitUsage;
  }

 private:
  void add_serve() {
    CLI::App* command = app_.add_subcommand("serve", "Run the server until SIGTERM");
    config_.add_to(*command);
    command->add_flag("--accept-loss", accept_loss_,
                      "Open although acknowledged records are missing; the decision is recorded");
    command->callback([this] { exit_code_ = serve({config_.input(), accept_loss_}); });
  }

  void add_config_commands() {
    CLI::App* check = app_.add_subcommand("check-config", "Name every mistake of a configuration file");
    check->add_option("file,--config,-c", config_.file, "Configuration file")->capture_default_str();
    check->add_flag("--no-environment", config_.no_environment, "Ignore TRIBUTARY__ variables");
    check->callback([this] { exit_code_ = check_config(config_.input()); });

    CLI::App* config = app_.add_subcommand("config", "Describe the configuration file");
    config->require_subcommand(1);
    config->add_subcommand("sample", "Print a documented file with all defaults")->callback([] {
      std::fputs(config_sample().c_str(), stdout);
    });
    config->add_subcommand("schema", "Print its JSON Schema")->callback([] {
      std::fputs(config_schema().c_str(), stdout);
    });
  }

  void add_store_commands() {
    CLI::App* check = app_.add_subcommand("verify", "Check log and state of a stopped server");
    config_.add_to(*check);
    check->callback([this] { exit_code_ = verify(config_.input()); });

    CLI::App* refold =
        app_.add_subcommand("rebuild", "Fold the log of a stopped server again and replace its derived state");
    config_.add_to(*refold);
    refold->add_flag("--accept-loss", accept_loss_, "Go on although retention deleted records that this state knows");
    refold->callback([this] { exit_code_ = rebuild(config_.input(), accept_loss_); });
  }

  void add_import() {
    CLI::App* command = app_.add_subcommand("import", "Send the events of a file to a running server");
    command->add_option("file", import_.file, "CSV, fixed-width text or NDJSON, also gzip or zstd; - is standard input")
        ->required();
    command->add_option("--mapping", import_.mapping, "How rows become events");
    command
        ->add_option("--as", import_.as, "What the rows of a table without a mapping are, by the names of its columns")
        ->check(CLI::IsMember({"records", "interactions", "tags", "orders"}));
    command->add_flag("--show-mapping", import_.show_mapping, "Print the mapping that --as proposes, and end");
    command->add_flag("--keep-columns", import_.keep_columns, "Columns of records that have no field become traits");
    command->add_option("--source", import_.source, "Id of the source (of events)");
    command->add_option("--api-key-file", import_.api_key_file, "File that holds an admin's API key (for records)");
    command->add_option("--format", import_.format, "auto, table or ndjson")
        ->check(CLI::IsMember({"auto", "table", "ndjson"}));
    command->add_option("--server", import_.server, "host:port or URL of the server");
    CLI::Option* key = command->add_option("--write-key", import_.write_key, "Write key of the source");
    command->add_option("--write-key-file", import_.write_key_file, "File that holds it")->excludes(key);
    command->add_option("--config,-c", import_.config, "Take server and write key from this configuration");
    command->add_option("--ca-file", import_.ca_file, "Certificate authorities for https");
    command->add_option("--checkpoint", import_.checkpoint, "Where progress is kept (FILE.SOURCE.checkpoint)");
    command->add_option("--report", import_.report, "Where rejected rows are listed (FILE.SOURCE.rejected.csv)");
    command->add_option("--report-format", import_.report_format, "csv or ndjson")
        ->check(CLI::IsMember({"csv", "ndjson"}));
    command->add_flag("--dry-run", import_.dry_run, "Judge every event and write the report, send nothing");
    command->add_option("--batch-events", import_.batch_events, "Events per request")->capture_default_str();
    command->add_option("--in-flight", import_.in_flight, "Requests under way")->capture_default_str();
    command->add_option("--parallel", import_.parallel, "Threads that make events")->capture_default_str();
    CLI::Option* resume = command->add_flag("--resume", import_.resume, "Go on where an interrupted import stopped");
    command->add_flag("--restart", import_.restart, "Begin anew")->excludes(resume);
    command->callback([this] { exit_code_ = import_file(import_); });
  }

  void add_export() {
    CLI::App* command = app_.add_subcommand("export", "Write the customers or events of a running server");
    command->add_option("what", export_.what, "profiles or events")
        ->required()
        ->check(CLI::IsMember({"profiles", "events"}));
    command->add_option("--api-key-file", export_.api_key_file, "File with an API key of role analyst or admin")
        ->required();
    command->add_option("--server", export_.server, "host:port or URL of the server");
    command->add_option("--config,-c", export_.config, "Take the server's address from this configuration");
    command->add_option("--ca-file", export_.ca_file, "Certificate authorities for https");
    command->add_option("--format", export_.format, "ndjson or csv")
        ->capture_default_str()
        ->check(CLI::IsMember({"ndjson", "csv"}));
    command->add_flag("--bom", export_.byte_order_mark, "Begin a CSV file as Excel expects UTF-8");
    command->add_option("--from", export_.from, "Events from this time on, ISO 8601");
    command->add_option("--to", export_.to, "Events before this time");
    command->add_option("--output,-o", export_.output, "File to write (standard output)");
    command->callback([this] { exit_code_ = export_data(export_); });
  }

  void add_webhook() {
    CLI::App* webhook = app_.add_subcommand("webhook", "Try connectors of platforms");
    webhook->require_subcommand(1);
    auto add = [this, webhook](const char* name, const char* about, int (*command_of)(const WebhookFlags&)) {
      CLI::App* command = webhook->add_subcommand(name, about);
      command->add_option("--connectors", webhook_.directory, "Folder with connector files of your own");
      command->callback([this, command_of] { exit_code_ = command_of(webhook_); });
      return command;
    };
    constexpr const char* kName = "Name of a connector, or a connector file";
    add("list", "Print the connectors there are", list_webhook_connectors);
    add("show", "Print the file of one, to copy and change", show_webhook_connector)
        ->add_option("name", webhook_.connector, "Name of a connector")
        ->required();
    add("check", "Name every mistake of a connector file, and run its tests", check_webhook_connector)
        ->add_option("name", webhook_.connector, kName)
        ->required();
    CLI::App* test = add("test", "Print what a connector makes of a call", test_webhook);
    test->add_option("name", webhook_.connector, kName);
    test->add_option("payload", webhook_.payload, "File with the body; - for standard input");
    test->add_option("--config,-c", webhook_.config, "Take connector, secrets and settings from this configuration");
    test->add_option("--source", webhook_.source, "Id of its source");
    test->add_option("--method", webhook_.method, "HTTP method")->capture_default_str();
    test->add_option("--target", webhook_.target, "Path and query as the platform calls them");
    test->add_option("--header,-H", webhook_.headers, "NAME:VALUE, several times")->allow_extra_args(false);
    test->add_option("--secret", webhook_.secrets, "What the platform signs with")->allow_extra_args(false);
    test->add_option("--setting", webhook_.settings, "NAME=VALUE, several times")->allow_extra_args(false);
    test->add_option("--public-url", webhook_.public_url, "Scheme and host as the platform calls them");
    test->add_flag("--sign", webhook_.sign, "Sign the call first, as the platform would");
  }

  void add_model() {
    CLI::App* model = app_.add_subcommand("model", "Fit models of what customers will buy and be worth");
    model->require_subcommand(1);
    CLI::App* fit = model->add_subcommand("fit", "Fit BG/NBD and Gamma-Gamma to a file of purchases");
    fit->footer(
        "ndjson is what `tributary export events` writes, and counts the events Order Completed. cdnow is text of\n"
        "blank-separated columns: customer id first; date (YYYYMMDD), number and amount last.\n"
        "Predictions are imported with `tributary import FILE --source SOURCE`, of a source with trust: server. Each\n"
        "names its customer as their first order did that can: by userId, else the first external id (with an\n"
        "anonymousId made of the customer id), else anonymousId; of cdnow the customer id is the userId. Who has none\n"
        "of these gets no line. Message ids depend on customer and --until only: the server takes the predictions of\n"
        "one day once.");
    fit->add_option("file", model_.file, "File, also gzip or zstd; - is standard input")->required();
    fit->add_option("--format", model_.format, "ndjson or cdnow")
        ->capture_default_str()
        ->check(CLI::IsMember({"ndjson", "cdnow"}));
    fit->add_option("--until", model_.until, "Last day that the models know, YYYY-MM-DD (of the last purchase)");
    fit->add_option("--zone", model_.zone, "Where the days of an export begin: UTC or +hh:mm")->capture_default_str();
    fit->add_option("--currency", model_.currency, "The only one that counts (that of the first order)");
    fit->add_flag("--keep-zero", model_.keep_zero, "A purchase of nothing is one");
    fit->add_option("--horizon", model_.horizon_weeks, "Weeks to predict")
        ->capture_default_str()
        ->check(CLI::Range(1, 1040));
    fit->add_option("--discount", model_.yearly_discount_percent, "Percent that money is worth less in a year")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 1000.0));
    fit->add_option("--predictions", model_.predictions, "File to write: an identify event per customer");
    fit->callback([this] { exit_code_ = fit_model(model_); });
  }

  void add_version() {
    CLI::App* command = app_.add_subcommand("version", "Print the version");
    command->add_flag("--json", version_as_json_, "As one JSON object");
    command->callback(
        [this] { std::puts(version_as_json_ ? version_json().c_str() : "tributary " TRIBUTARY_VERSION); });
  }

  CLI::App app_{"Tributary: events of many channels become customers", "tributary"};
  ConfigFlags config_;
  ImportFlags import_;
  ExportFlags export_;
  WebhookFlags webhook_;
  ModelFlags model_;
  bool accept_loss_ = false;
  bool version_as_json_ = false;
  int exit_code_ = kExitOk;
};

}  // namespace

int main(int argc, char** argv) { return CommandLine().run(argc, argv); }
