# How hosts are reached and who may answer, without a host: options of sessions, the second try, and what is said before.
BeforeAll {
    Set-StrictMode -Version 2.0
    . "$PSScriptRoot/kit.ps1"
    foreach ($Part in $PlanParts + 'rows.ps1', 'host.ps1', 'facts.ps1', 'session.ps1', 'read.ps1') {
        . (Join-Path -Path $PartsFolder -ChildPath $Part)
    }
    # What the script has from its parameters, where nobody gave one.
    $ThrottleLimit = 32
    $TimeoutSeconds = 60
    $Port = 0
    $SessionOption = $Credential = $UseSSL = $Authentication = $Remedy = $Replace = $AdminNetwork = $NetworkProfile = $null
    $Asked = [System.Collections.Generic.List[object]]::new()
    function New-PSSession {
        [CmdletBinding()]
        param([string[]] $ComputerName, $SessionOption, $ThrottleLimit, $Credential, [switch] $UseSSL, $Port, $Authentication)
        $Asked.Add($PSBoundParameters)
        foreach ($Name in $ComputerName) {
            $Id = if ($Name -eq 'slow') { 'WinRMOperationTimeout,PSSessionOpenFailed' } else { 'AccessDenied,PSSessionOpenFailed' }
            $Failure = [System.Management.Automation.Remoting.PSRemotingTransportException]::new("no $Name")
            $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new($Failure, $Id, 'OpenError', $Name))
        }
    }
}
Describe 'A session' {
    BeforeEach { $Asked.Clear() }
    It 'opens within its limit, closes within 5 s, and is not tried again by PowerShell' {
        $null = Connect-RdpHost -Computers srv1 -OpenSeconds 15
        $Asked[0].SessionOption.OpenTimeout.TotalSeconds | Should -Be 15
        $Asked[0].SessionOption.CancelTimeout.TotalSeconds | Should -Be 5
        $Asked[0].SessionOption.MaxConnectionRetryCount | Should -Be 0
        foreach ($Name in 'Credential', 'UseSSL', 'Port', 'Authentication') { $Asked[0].ContainsKey($Name) | Should -BeFalse }
    }
    It 'is made as the caller says' {
        $SessionOption = New-PSSessionOption
        $SessionOption.OpenTimeout = [timespan]::FromSeconds(99)
        $Credential = [pscredential]::new('corp\admin', [securestring]::new())
        $UseSSL = $true
        $Port = 5999
        $Authentication = 'Kerberos'
        $null = Connect-RdpHost -Computers srv1 -OpenSeconds 15
        $Asked[0].SessionOption.OpenTimeout.TotalSeconds | Should -Be 99
        "$($Asked[0].Credential.UserName) $($Asked[0].UseSSL) $($Asked[0].Port) $($Asked[0].Authentication)" |
            Should -Be 'corp\admin True 5999 Kerberos'
    }
    It 'that fails has its reason, and whether it was slow' {
        $Opened = Connect-RdpHost -Computers slow, srv1 -OpenSeconds 15
        $Opened.Failures.slow | Should -Be 'no slow'
        $Opened.Failures.srv1 | Should -Be 'no srv1'
        $Opened.TimedOut | Should -Be 'slow'
    }
    It 'is tried once more, with 60 s, where the host accepts connections' {
        $Run = @{ Left = [System.Collections.Generic.List[object]]::new() }
        function Find-Accepting { param($Computers) $Computers | Where-Object { $_ -eq 'slow' } }
        function Write-Dropped { }
        Read-RdpGroup -Rows ([pscustomobject]@{ Computer = 'slow' }), ([pscustomobject]@{ Computer = 'srv1' })
        $Asked.Count | Should -Be 2
        $Asked[1].ComputerName | Should -Be 'slow'
        $Asked[1].SessionOption.OpenTimeout.TotalSeconds | Should -Be 60
    }
    It 'is tried once more by the port of remoting' {
        $Listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $Listener.Start()
        $Port = $Listener.LocalEndpoint.Port
        Find-Accepting -Computers 127.0.0.1 -Seconds 3 | Should -Be '127.0.0.1'
        $Listener.Stop()
        Find-Accepting -Computers 127.0.0.1 -Seconds 3 | Should -BeNullOrEmpty
    }
    It 'by address is warned of before the first one' {
        function Read-RdpGroup { 'read' }
        $Rows = '10.0.0.5', 'srv1' | ForEach-Object { [pscustomobject]@{ Computer = $_ } }
        $Run = @{ Facts = @{} }
        $Said = @(Read-RdpHosts -Rows $Rows 3>&1)
        [string]$Said[0] | Should -Match '^1 host is reached by address: there NTLM goes to whatever answers'
        $Said[1] | Should -Be 'read'
        Read-RdpHosts -Rows $Rows[1] 3>&1 | Should -Be 'read'
    }
}

Describe 'Who answers' {
    It '<Answer> for <Expected> is <Status>' -ForEach @(
        @{ Answer = 'FullLanguage|5|BK01'; Expected = 'bk01'; Status = '' }
        @{ Answer = 'FullLanguage|5|BK01'; Expected = 'bk01.corp.example'; Status = '' }
        @{ Answer = 'FullLanguage|5|A-VERY-LONG-NAM'; Expected = 'a-very-long-name'; Status = '' }
        @{ Answer = 'FullLanguage|5|BK0'; Expected = 'bk01'; Status = 'blocked' }
        @{ Answer = 'FullLanguage|5|BK02'; Expected = 'bk01'; Status = 'blocked' }
        @{ Answer = 'FullLanguage|2|BK01'; Expected = 'bk01'; Status = 'blocked' }
        @{ Answer = 'ConstrainedLanguage|5|BK01'; Expected = 'bk01'; Status = 'unknown' }
        @{ Answer = ''; Expected = 'bk01'; Status = 'blocked' }
    ) {
        (Test-RdpHost -Row ([pscustomobject]@{ ExpectedName = $Expected }) -Answer $Answer).Status | Should -Be $Status
    }
    It 'another machine than before is not gone on with, where the list has no name to compare' {
        function Connect-RdpHost { @{ Sessions = @{ a = [pscustomobject]@{ InstanceId = 'a' } }; Failures = @{} } }
        function Invoke-OnHost { @{ Output = @{ a = 'FullLanguage|5|BK02' }; Failures = @{} } }
        function Close-RdpHost { }
        $Row = [pscustomobject]@{ Computer = 'bk01'; ExpectedName = '' }
        $HostChanges = { }
        (Open-RdpHost -Row $Row -Identity 'not compared: BK02').Status | Should -BeNullOrEmpty
        $Opened = Open-RdpHost -Row $Row -Identity 'not compared: BK01'
        "$($Opened.Status) $($Opened.Session)" | Should -Be 'blocked '
    }
    It 'no account without the rights of an Administrator is gone on with' {
        $Facts = New-GoodFacts
        $Facts.Remove('Request')
        $Facts.Clock.Started = $Facts.Clock.Ended
        $Facts.Clock.Remove('Skew')
        $Session = [pscustomobject]@{ ComputerName = 'bk01'; InstanceId = [guid]::NewGuid() }
        $Row = [pscustomobject]@{ Computer = 'bk01'; Address = ''; Port = 3389; ExpectedName = '' }
        function Invoke-OnHost { @{ Output = @{ $Session.InstanceId = ConvertTo-Json -InputObject $Facts -Depth 10 }; Failures = @{} } }
        foreach ($Is in $true, $null, $false) {
            $Facts.Identity.Administrator = $Is
            $Read = Read-HostFacts -Rows @{ bk01 = $Row } -Sessions @($Session)
            if ($Is -eq $false) { $Read.Why | Should -Match 'no Administrator'; $Read.Facts | Should -BeNullOrEmpty }
            else { $Read.Why | Should -BeNullOrEmpty; $Read.Facts | Should -Not -BeNullOrEmpty }
        }
    }
}

Describe 'A caller with a decimal comma and other separators' {
    It 'gets dates and numbers as everybody does' {
        $Old = [System.Globalization.CultureInfo]::CurrentCulture
        try {
            $Other = [System.Globalization.CultureInfo]::InvariantCulture.Clone()
            $Other.NumberFormat.NumberDecimalSeparator = ','
            $Other.NumberFormat.NegativeSign = '~'
            $Other.DateTimeFormat.TimeSeparator = '.'
            $Other.DateTimeFormat.DateSeparator = '.'
            [System.Globalization.CultureInfo]::CurrentCulture = $Other
            Format-Time -Time ([datetime]::SpecifyKind([datetime]::new(2026, 12, 1, 9, 5, 0), 'Utc')) | Should -Be '2026-12-01T09:05:00Z'
            $Steps = Resolve-Plan -Changes @{ 'Certificates.Items.0.NotAfter' = '2026-11-01T00:00:00Z'; 'Clock.Offset' = -6.5 }
            ($Steps | Where-Object { $_.Remedy -eq 'R1' }).Detail | Should -Match 'expired at 2026-11-01T00:00:00Z'
            ($Steps | Where-Object { $_.Remedy -eq 'R12' }).Detail | Should -Match '^-6\.5 s off'
        }
        finally { [System.Globalization.CultureInfo]::CurrentCulture = $Old }
    }
}
