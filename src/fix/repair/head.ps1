#Requires -Version 5.1

<#
.SYNOPSIS
    Finds out why hosts refuse Remote Desktop, and fixes it, one checked step at a time.
.DESCRIPTION
    Reads the hosts of hosts.csv, beside this script, by PowerShell remoting, and shows what would be done and in which order. It changes
    something only with -Apply, and then asks before each step and says what the step interrupts.

    Everything is read in one call for each host. What would be done follows from those facts alone. Each step is checked before the next:
    the host is read again, and a step whose reason or conditions changed is not done. Before the first change of a step, what is there is
    written to undo.json.

    Each run writes a folder below runs: results.csv, facts.json, undo.json and transcript.log.

    Exit status: 0 all in order or done; 1 something is blocked, partly done, failed or unknown; 2 the call is wrong.
.PARAMETER ComputerName
    Only these hosts of hosts.csv: by name, by address, or by a short name that fits one host. Takes names from the pipeline. Hosts without
    a sign of Windows are contacted only when they are named here.
.PARAMETER Remedy
    Only these remedies. R7 and R9, and R8 where it turns Remote Desktop on, are done only where the row of the host or this names them.
.PARAMETER Apply
    Makes the changes. Without it nothing is changed.
.PARAMETER Replace
    For R4: binds another certificate that fits in place of one that is in order, or that is for a farm or an alias.
.PARAMETER AdminNetwork
    For R7: from where Remote Desktop may be reached, such as 10.0.9.0/24. The port is never opened to everyone.
.PARAMETER NetworkProfile
    For R7: only in networks of this kind. By default in all that the host is in, but for Public ones.
.PARAMETER UndoPath
    An undo.json of an earlier run: puts back what that run changed, where nobody changed it since. Takes -Apply as well.
.PARAMETER Credential
    Connects as somebody else than the current user. Nothing of it is stored.
.PARAMETER UseSSL
    Connects over HTTPS (port 5986).
.PARAMETER Port
    Connects to this port of WinRM.
.PARAMETER Authentication
    How to authenticate, as for New-PSSession.
.PARAMETER SessionOption
    Options of the sessions, as from New-PSSessionOption.
.PARAMETER ThrottleLimit
    How many hosts are read side by side.
.PARAMETER TimeoutSeconds
    How long to wait for a service, or for DNS.
.PARAMETER LogPath
    The folder in which runs is made; by default that of this script.
.INPUTS
    Names of hosts, or objects with ComputerName, Computer or Name.
.OUTPUTS
    RdpScan.Result: Computer, Address, Port, Identity, Remedy, Status, Detail, Time; one for each host and step.
.EXAMPLE
    .\Repair-RdpHost.ps1
    Reads every host, changes nothing, and shows what would be done and in which order.
.EXAMPLE
    .\Repair-RdpHost.ps1 -ComputerName bk01.corp.example -Apply
    Does what is needed on one host, and asks before each step.
.EXAMPLE
    .\Repair-RdpHost.ps1 -Remedy R2, R1 -Apply -Confirm:$false
    Does two remedies wherever they are needed, without asking.
.EXAMPLE
    .\Repair-RdpHost.ps1 -ComputerName bk01 -Remedy R4 -Replace -Apply
    Binds a certificate of an authority in place of one that is in order.
.EXAMPLE
    .\Repair-RdpHost.ps1 -ComputerName ws19 -Remedy R7 -AdminNetwork 10.0.9.0/24 -NetworkProfile Domain -Apply
    Opens the firewall to the network of the admins.
.EXAMPLE
    'bk01', 'bk02' | .\Repair-RdpHost.ps1 -Credential (Get-Credential) -UseSSL -ThrottleLimit 8 -TimeoutSeconds 120
    Takes names from the pipeline, and connects over HTTPS.
.EXAMPLE
    $Direct = New-PSSessionOption -ProxyAccessType NoProxyServer
    .\Repair-RdpHost.ps1 -ComputerName bk01 -Authentication Kerberos -Port 5985 -SessionOption $Direct -LogPath C:\Logs
    Chooses how to connect, and where the run is written.
.EXAMPLE
    .\Repair-RdpHost.ps1 -UndoPath .\runs\20261128T224916Z-4711\undo.json -Apply
    Puts back what a run changed.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High', PositionalBinding = $false, DefaultParameterSetName = 'Repair')]
param(
    [Parameter(Position = 0, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
    [Alias('Name', 'Computer')]
    [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()]
    [ArgumentCompleter({
            param($Command, $Parameter, $Word, $Ast)
            $Path = (Resolve-Path -LiteralPath ([string]$Ast.GetCommandName())).ProviderPath
            $Start = $Word.Trim("'", '"')
            Import-Csv -LiteralPath (Join-Path -Path (Split-Path -Path $Path) -ChildPath 'hosts.csv') | ForEach-Object { $_.Computer } |
                Where-Object { $_.StartsWith($Start, [System.StringComparison]::OrdinalIgnoreCase) }
        })]
    [string[]] $ComputerName,
    [Parameter(ParameterSetName = 'Repair')]
    [ValidateSet('R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7', 'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R15', 'R20')]
    [string[]] $Remedy,
    [Parameter(ParameterSetName = 'Undo', Mandatory = $true)]
    [string] $UndoPath,
    [switch] $Apply,
    [Parameter(ParameterSetName = 'Repair')]
    [switch] $Replace,
    [Parameter(ParameterSetName = 'Repair')]
    [string[]] $AdminNetwork,
    [Parameter(ParameterSetName = 'Repair')]
    [ValidateSet('Domain', 'Private')]
    [string] $NetworkProfile,
    [pscredential] $Credential,
    [switch] $UseSSL,
    [ValidateRange(1, 65535)]
    [int] $Port,
    [ValidateSet('Default', 'Basic', 'Negotiate', 'NegotiateWithImplicitCredential', 'Credssp', 'Digest', 'Kerberos')]
    [string] $Authentication,
    [System.Management.Automation.Remoting.PSSessionOption] $SessionOption,
    [ValidateRange(1, 256)]
    [int] $ThrottleLimit = 32,
    [ValidateRange(1, 3600)]
    [int] $TimeoutSeconds = 60,
    [string] $LogPath
)
begin {
$RepairNames = New-Object -TypeName System.Collections.Generic.List[string]
$RepairBad = $false
$RepairExit = 1
